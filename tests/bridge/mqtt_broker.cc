#include "tests/bridge/mqtt_broker.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <mqtt/async_client.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "base/tcp_connections.h"

extern char** environ;

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr int kPatienceMs = 30'000;
constexpr std::size_t kReceivedMax = 1000;
constexpr int kAhead = 20;  // Mosquitto's Receive Maximum

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  DMP_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  DMP_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

void shell(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) == 0) return;
  std::fprintf(stderr, "failed: %s\n", command.c_str());
  std::abort();
}

// Whether the server says that it runs; it closes its log if it ends.
bool says_running(int log) {
  std::string said;
  std::array<char, 512> chunk{};
  while (said.find(" running") == std::string::npos) {
    pollfd readable{log, POLLIN, 0};
    if (poll(&readable, 1, kPatienceMs) != 1) return false;
    const ssize_t size = read(log, chunk.data(), chunk.size());
    if (size <= 0) return false;
    said.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return true;
}

// Back when it listens; -1 if it does not.
pid_t start_server(const std::string& conf) {
  int log[2];
  DMP_CHECK(pipe2(log, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, log[1], STDERR_FILENO);
  std::array<char*, 4> arguments = {const_cast<char*>("mosquitto"), const_cast<char*>("-c"),
                                    const_cast<char*>(conf.c_str()), nullptr};
  pid_t pid = -1;
  DMP_CHECK(
      posix_spawn(&pid, "/usr/sbin/mosquitto", &actions, nullptr, arguments.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(log[1]);
  const bool runs = says_running(log[0]);
  close(log[0]);
  if (runs) return pid;
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return -1;
}

}  // namespace

MqttBroker::MqttBroker() {
  std::string pattern = (std::filesystem::temp_directory_path() / "dmp-mqtt-XXXXXX").string();
  DMP_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  make_certificates();
  start();
}

MqttBroker::~MqttBroker() {
  kill();
  std::filesystem::remove_all(folder_);
}

void MqttBroker::make_certificates() const {
  const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  const std::string in_folder = "cd " + folder_ + " && ";
  std::ofstream(file("names")) << "subjectAltName=IP:127.0.0.1\n";
  shell(in_folder + "openssl req -x509 " + key +
        " -keyout ca.key -out ca.crt -subj /CN=ca -days 2");
  for (const std::string name : {"server", kBridge, kRae, kOtherRae}) {
    shell(in_folder + "openssl req " + key + " -keyout " + name + ".key -out " + name +
          ".csr -subj /CN=" + name);
    shell(in_folder + "openssl x509 -req -in " + name + ".csr -CA ca.crt -CAkey ca.key " +
          "-CAcreateserial -days 2 -extfile names -out " + name + ".crt");
  }
  std::filesystem::create_directory(file("data"));
}

void MqttBroker::write_configuration() const {
  std::ofstream(file("acl"))
      << "user " << kBridge
      << "\ntopic read dmp/v1/+/+/update\ntopic read dmp/v1/+/+/reply\n"
         "topic read dmp/v1/+/agent/presence\n"
         "topic read dmp/v1/+/agent/roster\n"
         "topic write dmp/v1/+/agent/confirm\n"
         "topic write dmp/v1/+/+/command\n"
         "pattern write dmp/v1/%u/+/update\npattern write dmp/v1/%u/+/reply\n"
         "pattern write dmp/v1/%u/agent/presence\n"
         "pattern write dmp/v1/%u/agent/roster\n"
         "pattern read dmp/v1/%u/agent/confirm\n"
         "pattern read dmp/v1/%u/+/command\n";
  std::ofstream conf(file("conf"));
  if (geteuid() == 0) conf << "user root\n";
  conf << "per_listener_settings false\nlistener " << port_ << " 127.0.0.1\ncafile "
       << file("ca.crt") << "\ncertfile " << file("server.crt") << "\nkeyfile "
       << file("server.key")
       << "\nrequire_certificate true\nuse_identity_as_username true\n"
          "use_username_as_clientid true\nallow_anonymous false\nacl_file "
       << file("acl") << "\npersistence true\npersistence_location " << file("data")
       << "/\nmax_queued_messages 0\nmax_packet_size 300000\nset_tcp_nodelay true\nlog_dest "
          "stderr\n";
}

void MqttBroker::start() {
  constexpr int kAttempts = 10;  // another program may take the port first
  constexpr int kPauseMs = 200;
  const bool is_known = port_ != 0;  // to clients, who come back there
  for (int attempt = 0; pid_ < 0; ++attempt) {
    DMP_CHECK(attempt < kAttempts);
    if (is_known && attempt > 0) poll(nullptr, 0, kPauseMs);
    if (!is_known) port_ = free_port();
    write_configuration();
    pid_ = start_server(file("conf"));
  }
}

void MqttBroker::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void MqttBroker::forget() {
  DMP_CHECK(pid_ < 0);
  std::filesystem::remove_all(file("data"));
  std::filesystem::create_directory(file("data"));
}

MqttOptions MqttBroker::options() const {
  return {.uri = uri(),
          .client_id = kBridge,
          .ca_file = file("ca.crt"),
          .certificate_file = file(std::string(kBridge) + ".crt"),
          .key_file = file(std::string(kBridge) + ".key"),
          .filters = {"dmp/v1/+/+/update", "dmp/v1/+/agent/presence"}};
}

struct Agent::Client {
  Client(const std::string& uri, const std::string& rae)
      : mqtt(uri, rae, mqtt::create_options(MQTTVERSION_5), nullptr) {
    mqtt.set_message_callback([this](const mqtt::const_message_ptr& message) { keep(*message); });
  }

  void keep(const mqtt::message& message) {
    Received kept{message.get_topic(), message.get_payload(), 0};
    const auto& properties = message.get_properties();
    if (properties.contains(mqtt::property::MESSAGE_EXPIRY_INTERVAL)) {
      kept.expiry_s = static_cast<int>(
          mqtt::get<std::uint32_t>(properties, mqtt::property::MESSAGE_EXPIRY_INTERVAL));
    }
    DMP_CHECK(received.try_push(std::move(kept)));
  }

  BoundedQueue<Received> received{kReceivedMax, kReceivedMax};
  std::deque<mqtt::delivery_token_ptr> unanswered;
  mqtt::async_client mqtt;  // last: its end stops the callback
};

Agent::Agent(const MqttBroker& broker, const std::string& rae)
    : client_(std::make_unique<Client>(broker.uri(), rae)) {
  mqtt::ssl_options tls;
  tls.set_trust_store(broker.file("ca.crt"));
  tls.set_key_store(broker.file(rae + ".crt"));
  tls.set_private_key(broker.file(rae + ".key"));
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  options.set_ssl(tls);
  options.set_max_inflight(kAhead);
  client_->mqtt.connect(options)->wait();
  disable_nagle_to(port_of(broker.uri()));
}

Agent::~Agent() {
  try {
    client_->mqtt.disconnect()->wait_for(std::chrono::seconds(5));
  } catch (const mqtt::exception&) {
    return;  // the broker was killed
  }
}

void Agent::publish(const std::string& topic, const std::string& payload, const Extras& extras) {
  using mqtt::property;
  mqtt::properties properties;
  if (!extras.correlation.empty()) properties.add({property::CORRELATION_DATA, extras.correlation});
  if (!extras.response_topic.empty()) {
    properties.add({property::RESPONSE_TOPIC, extras.response_topic});
  }
  if (!extras.content_type.empty()) properties.add({property::CONTENT_TYPE, extras.content_type});
  if (!extras.property_name.empty()) {
    properties.add({property::USER_PROPERTY, extras.property_name, extras.property_value});
  }
  client_->mqtt.publish(mqtt::message::create(topic, payload, 1, false, properties))->wait();
}

void Agent::publish_ahead(const std::string& topic, const std::string& payload) {
  auto& unanswered = client_->unanswered;
  if (unanswered.size() == std::size_t{kAhead}) {
    unanswered.front()->wait();
    unanswered.pop_front();
  }
  unanswered.push_back(client_->mqtt.publish(mqtt::message::create(topic, payload, 1, false)));
}

void Agent::settle() {
  for (const auto& each : client_->unanswered) each->wait();
  client_->unanswered.clear();
}

void Agent::subscribe(const std::string& topic) { client_->mqtt.subscribe(topic, 1)->wait(); }

Agent::Received Agent::receive() {
  return client_->received.pop_until(std::chrono::steady_clock::now() + kPatience)
      .value_or(Received());
}

}  // namespace dmp::bridge
