#include "tests/bridge/bridge_process.h"

#include <array>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fixtures/spawn.h"
#include "tests/fixtures/waiting.h"

namespace dmp::bridge {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

std::vector<std::string> BridgeProcess::arguments(const MqttBroker& broker,
                                                  const std::string& kafka,
                                                  const std::string& window_file,
                                                  std::size_t window_messages) {
  const MqttOptions options = broker.options();
  return {"--name",        broker.bridge(),  "--mqtt-uri",         broker.uri(),
          "--mqtt-ca",     options.ca_file,  "--mqtt-certificate", options.certificate_file,
          "--mqtt-key",    options.key_file, "--kafka-brokers",    kafka,
          "--window-file", window_file,      "--window-messages",  std::to_string(window_messages)};
}

BridgeProcess::BridgeProcess(const std::vector<std::string>& arguments) {
  int log[2];
  DMP_CHECK(pipe2(log, O_CLOEXEC) == 0);
  pid_ = test::spawn(DMP_BRIDGE_PROGRAM, arguments, log[1]);
  close(log[1]);
  log_ = log[0];
}

BridgeProcess::~BridgeProcess() {
  kill();
  close(log_);
}

void BridgeProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  std::array<char, 4096> chunk{};
  for (ssize_t size = 0; (size = read(log_, chunk.data(), chunk.size())) > 0;) {
    said_.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

void BridgeProcess::send(int signal) const { DMP_CHECK(::kill(pid_, signal) == 0); }

int BridgeProcess::count(const std::string& word) const {
  int found = 0;
  for (std::size_t at = said_.find(word); at != std::string::npos;
       at = said_.find(word, at + word.size())) {
    ++found;
  }
  return found;
}

bool BridgeProcess::says(const std::string& word, milliseconds time, int times) {
  const auto deadline = Steady::now() + time;
  while (count(word) < times) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
    pollfd readable{log_, POLLIN, 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) != 1) return false;
    std::array<char, 4096> chunk{};
    const ssize_t size = read(log_, chunk.data(), chunk.size());
    DMP_CHECK(size > 0);  // it has ended by itself
    said_.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return true;
}

double BridgeProcess::metric(const std::string& name) const {
  const std::string told = "admin_port=";
  const std::size_t port = said_.find(told);
  DMP_CHECK(port != std::string::npos);
  httplib::Client client("127.0.0.1", std::stoi(said_.substr(port + told.size())));
  std::string metrics;
  // On a busy machine one look may time out.
  const bool answered = test::wait_for([&] {
    const auto answer = client.Get("/metrics");
    if (answer) metrics = answer->body;
    return static_cast<bool>(answer);
  });
  if (!answered) return -1;
  const std::string line = "\n" + name + " ";
  const std::size_t at = metrics.find(line);
  return at == std::string::npos ? -1 : std::stod(metrics.substr(at + line.size()));
}

double BridgeProcess::peak_rss_mib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string name; status >> name;) {
    double kib = 0;
    if (name == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

}  // namespace dmp::bridge
