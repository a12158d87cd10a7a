#include "canary/adapters/mosquitto_fleet.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"
#include "canary/adapters/connect_failure.h"
#include "canary/adapters/mqtt_properties.h"
#include "canary/adapters/tcp_socket.h"

namespace dmp::canary {
namespace {

constexpr std::size_t kServedPerPoll = 8;  // handshakes take long, and what is due must not wait
constexpr int kPacketsPerTurn = 8;
// libmosquitto counts keepalives in whole seconds, and somebody must look at them.
constexpr std::chrono::seconds kRound{1};
constexpr std::chrono::milliseconds kPollMost{250};

using Kind = FleetEvent::Kind;

tl::unexpected<Error> failed(int code) {
  return fail("unreachable", reason_text(code), Retry::kYes);
}

}  // namespace

struct MosquittoFleet::Client {
  struct Destroy {
    void operator()(mosquitto* unused) const { mosquitto_destroy(unused); }
  };
  MosquittoFleet* fleet = nullptr;
  int number = 0;
  std::optional<TlsIdentity> identity;
  std::unique_ptr<mosquitto, Destroy> mqtt;  // none before connecting and when it is over
  int watched = -1;                          // the socket epoll knows
  unsigned interest = 0;
  std::optional<SteadyTime> tcp_since, tls_since;
  int first_error = 0;                    // errno after the first bytes
  std::optional<ConnectFailure> failure;  // what OpenSSL had against it
  bool connected = false;                 // CONNACK was here
  bool leaving = false;
  bool over = false;  // told; only waits for being destroyed

  [[nodiscard]] bool is_handshaking() const {
    auto* tls = static_cast<SSL*>(mosquitto_ssl_get(mqtt.get()));
    return tls != nullptr && SSL_is_init_finished(tls) == 0;
  }

  [[nodiscard]] ConnectStep step() const {
    if (!tcp_since) return ConnectStep::kReach;
    return tls_since ? ConnectStep::kMqtt : ConnectStep::kTls;
  }

  // After every call that may have ended the handshake.
  void note_handshake(SteadyTime now) {
    if (!tls_since && !is_handshaking()) tls_since = now;
  }
};

// What libmosquitto calls, always from inside a call of ours.
struct MosquittoFleet::Callbacks {
  static Client& client_of(void* object) { return *static_cast<Client*>(object); }

  static void on_connect(mosquitto* mqtt, void* object, int code, int /*flags*/,
                         const mosquitto_property* /*properties*/) {
    Client& client = client_of(object);
    if (code != 0) {
      client.over = true;
      client.fleet->tell(client, refused({ConnectStep::kMqtt, reason_text(code)}));
      return;
    }
    client.connected = true;
    mosquitto_log_callback_set(mqtt, nullptr);
    client.note_handshake(client.fleet->clock_.steady());
    client.fleet->tell(client, {.kind = Kind::kConnected,
                                .tcp = *client.tcp_since,
                                .tls = *client.tls_since,
                                .code = retransmits(mosquitto_socket(mqtt)),
                                .text = {}});
  }

  static void on_disconnect(mosquitto* /*mqtt*/, void* object, int code,
                            const mosquitto_property* /*properties*/) {
    Client& client = client_of(object);
    if (client.over) return;
    client.over = true;
    if (client.connected) {
      const Kind kind = client.leaving ? Kind::kLeft : Kind::kDisconnected;
      return client.fleet->tell(client, {.kind = kind, .text = reason_text(code)});
    }
    const auto why = client.failure.value_or(connect_failure(code, client.step()));
    client.fleet->tell(client, refused(why));
  }

  // OpenSSL's errors are told here alone. Only until CONNACK: every packet is told here as well.
  static void on_log(mosquitto* mqtt, void* object, int level, const char* text) {
    Client& client = client_of(object);
    if (level != MOSQ_LOG_ERR || client.failure) return;
    client.failure = handshake_failure(static_cast<SSL*>(mosquitto_ssl_get(mqtt)), text);
  }

  static void on_subscribe(mosquitto* /*mqtt*/, void* object, int id, int count, const int* granted,
                           const mosquitto_property* /*properties*/) {
    Client& client = client_of(object);
    const int code = count > 0 ? granted[0] : kFirstRefusal;
    client.fleet->tell(client,
                       {.kind = Kind::kSubscribed, .message_id = id, .code = code, .text = {}});
  }

  static void on_publish(mosquitto* /*mqtt*/, void* object, int id, int code,
                         const mosquitto_property* /*properties*/) {
    Client& client = client_of(object);
    client.fleet->tell(client,
                       {.kind = Kind::kAcknowledged, .message_id = id, .code = code, .text = {}});
  }

  static void on_message(mosquitto* /*mqtt*/, void* object, const mosquitto_message* message,
                         const mosquitto_property* /*properties*/) {
    Client& client = client_of(object);
    client.fleet->tell(client,
                       {.kind = Kind::kMessage,
                        .text = std::string(static_cast<const char*>(message->payload),
                                            static_cast<std::size_t>(message->payloadlen))});
  }

  static void set_all(mosquitto* mqtt) {
    mosquitto_connect_v5_callback_set(mqtt, on_connect);
    mosquitto_disconnect_v5_callback_set(mqtt, on_disconnect);
    mosquitto_subscribe_v5_callback_set(mqtt, on_subscribe);
    mosquitto_publish_v5_callback_set(mqtt, on_publish);
    mosquitto_message_v5_callback_set(mqtt, on_message);
    mosquitto_log_callback_set(mqtt, on_log);
  }
};

MosquittoFleet::MosquittoFleet(BrokerAccess access, int clients, const Clock& clock)
    : access_(std::move(access)),
      clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      tls_(TlsContext::open(access_.ca, access_.host,
                            [this]() -> const TlsIdentity& { return *current_->identity; })) {
  DMP_CHECK(epoll_ >= 0);
  mosquitto_lib_init();
  for (int number = 0; number < clients; ++number) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->fleet = this;
    clients_.back()->number = number;
  }
}

MosquittoFleet::~MosquittoFleet() {
  clients_.clear();
  mosquitto_lib_cleanup();
  close(epoll_);
}

void MosquittoFleet::tell(const Client& client, FleetEvent event) {
  event.client = client.number;
  event.at = clock_.steady();
  events_.push_back(std::move(event));
}

Status MosquittoFleet::load(int number, const std::string& serial) {
  if (!tls_) return tl::unexpected(tls_.error());
  Client& client = *clients_[static_cast<std::size_t>(number)];
  if (client.identity) return {};
  auto identity = TlsIdentity::read(access_.certificates + "/" + serial);
  if (!identity) return tl::unexpected(identity.error());
  client.identity = std::move(*identity);
  return {};
}

Status MosquittoFleet::connect(int number, const Introduction& introduction) {
  Client& client = *clients_[static_cast<std::size_t>(number)];
  if (auto status = load(number, introduction.serial); !status) return status;
  current_ = &client;
  client.mqtt.reset(mosquitto_new(introduction.serial.c_str(), true, &client));
  if (client.mqtt == nullptr) return failed(MOSQ_ERR_ERRNO);
  mosquitto* mqtt = client.mqtt.get();
  Callbacks::set_all(mqtt);
  mosquitto_int_option(mqtt, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(mqtt, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(mqtt, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
  const SteadyTime began = clock_.steady();
  int problem = mosquitto_void_option(mqtt, MOSQ_OPT_SSL_CTX, tls_->get());
  if (problem == MOSQ_ERR_SUCCESS && !introduction.will_topic.empty()) {
    problem = mosquitto_will_set_v5(mqtt, introduction.will_topic.c_str(),
                                    static_cast<int>(introduction.will.size()),
                                    introduction.will.data(), 1, false, nullptr);
  }
  if (problem == MOSQ_ERR_SUCCESS) {
    errno = 0;
    problem =
        mosquitto_connect_async(mqtt, access_.host.c_str(), access_.port, access_.keepalive_s);
  }
  client.first_error = errno;
  if (problem != MOSQ_ERR_SUCCESS) {
    // A broker on this machine may have refused before the call was over.
    tell(client, refused(client.failure.value_or(connect_failure(problem, ConnectStep::kReach))));
    abandon(number);
    return {};
  }
  // A broker that got our core to itself meanwhile has answered before we looked for it.
  if (!client.is_handshaking()) client.tcp_since = began;
  settle(client);
  return {};
}

Status MosquittoFleet::subscribe(int number, const std::string& topic) {
  Client& client = *clients_[static_cast<std::size_t>(number)];
  if (client.mqtt == nullptr || client.over) return failed(MOSQ_ERR_NO_CONN);
  int id = 0;
  const int problem = mosquitto_subscribe_v5(client.mqtt.get(), &id, topic.c_str(), 1, 0, nullptr);
  settle(client);
  if (problem != MOSQ_ERR_SUCCESS) return failed(problem);
  return {};
}

Result<int> MosquittoFleet::publish(int number, const Outgoing& message) {
  Client& client = *clients_[static_cast<std::size_t>(number)];
  if (client.mqtt == nullptr || client.over) return failed(MOSQ_ERR_NO_CONN);
  MqttProperties properties;
  properties.set_content_type("application/json");  // as agents do
  if (!message.response_topic.empty()) {
    properties.ask_for_answer(message.response_topic, message.correlation);
  }
  int id = 0;
  const int problem = mosquitto_publish_v5(client.mqtt.get(), &id, message.topic.c_str(),
                                           static_cast<int>(message.payload.size()),
                                           message.payload.data(), 1, false, properties.get());
  settle(client);
  if (problem != MOSQ_ERR_SUCCESS) return failed(problem);
  return id;
}

void MosquittoFleet::leave(int number) {
  Client& client = *clients_[static_cast<std::size_t>(number)];
  if (client.mqtt == nullptr || client.over) return;
  client.leaving = true;
  mosquitto_disconnect_v5(client.mqtt.get(), 0, nullptr);
  settle(client);
}

void MosquittoFleet::abandon(int number) {
  Client& client = *clients_[static_cast<std::size_t>(number)];
  client.over = true;
  client.mqtt.reset();  // closes its socket, which epoll then forgets
  client.watched = -1;
}

// After any call into libmosquitto: it may have closed the socket, or want to write.
void MosquittoFleet::settle(Client& client) {
  if (client.mqtt == nullptr) return;
  const int socket = mosquitto_socket(client.mqtt.get());
  if (socket == -1 && !client.over) {
    // Closed without a callback: the TLS handshake failed.
    Callbacks::on_disconnect(client.mqtt.get(), &client, MOSQ_ERR_TLS, nullptr);
  }
  if (socket == -1 || client.over) return;  // destroyed at the end of poll()
  client.note_handshake(clock_.steady());
  // Of a handshake only its first step waits for writing, the connection; ClientHello always fits.
  const bool connecting = client.watched == -1;
  const bool wants_write =
      connecting || (!client.is_handshaking() && mosquitto_want_write(client.mqtt.get()));
  const unsigned interest =
      wants_write ? unsigned{EPOLLIN} | unsigned{EPOLLOUT} : unsigned{EPOLLIN};
  if (socket == client.watched && interest == client.interest) return;
  epoll_event wanted{};
  wanted.events = interest;
  wanted.data.u32 = static_cast<std::uint32_t>(client.number);
  const int operation = socket == client.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  DMP_CHECK(epoll_ctl(epoll_, operation, socket, &wanted) == 0);
  client.watched = socket;
  client.interest = interest;
}

void MosquittoFleet::go_on(Client& client, unsigned flags) {
  mosquitto* mqtt = client.mqtt.get();
  current_ = &client;
  if ((flags & (EPOLLERR | EPOLLHUP)) != 0U && client.is_handshaking()) {
    // libmosquitto takes this for "not yet" and would be asked for ever.
    client.over = true;
    tell(client, refused({client.step(), socket_error(client.watched, client.first_error)}));
    return;
  }
  if (!client.tcp_since) client.tcp_since = clock_.steady();  // its socket has become writable
  if (client.is_handshaking()) {
    mosquitto_loop_read(mqtt, kPacketsPerTurn);
    if (mosquitto_socket(mqtt) != -1 && !client.is_handshaking()) {
      mosquitto_loop_write(mqtt, kPacketsPerTurn);  // CONNECT
    }
    return;
  }
  if ((flags & EPOLLOUT) != 0U) mosquitto_loop_write(mqtt, kPacketsPerTurn);
  if ((flags & ~unsigned{EPOLLOUT}) != 0U && mosquitto_socket(mqtt) != -1) {
    mosquitto_loop_read(mqtt, kPacketsPerTurn);
  }
}

void MosquittoFleet::serve(Client& client, unsigned flags) {
  if (client.mqtt == nullptr) return;  // it went earlier in this round
  if (!client.over) {
    go_on(client, flags);
    settle(client);
  }
  if (client.over) abandon(client.number);
}

void MosquittoFleet::look_after_all() {
  for (const auto& client : clients_) {
    if (client->mqtt == nullptr) continue;
    if (client->connected && !client->over) {
      mosquitto_loop_misc(client->mqtt.get());
      settle(*client);
    }
    if (client->over) abandon(client->number);
  }
}

void MosquittoFleet::poll(SteadyTime deadline, std::vector<FleetEvent>& events) {
  const SteadyTime now = clock_.steady();
  if (now >= next_round_) {
    look_after_all();
    next_round_ = now + kRound;
  }
  auto patience =
      std::clamp<std::chrono::nanoseconds>(deadline - now, std::chrono::nanoseconds(0), kPollMost);
  if (!events_.empty()) patience = {};
  std::array<epoll_event, kServedPerPoll> ready{};
  const std::size_t count = wait_.wait(epoll_, ready, patience);
  for (const epoll_event& event : std::span(ready).first(count)) {
    serve(*clients_[event.data.u32], event.events);
  }
  events.insert(events.end(), std::make_move_iterator(events_.begin()),
                std::make_move_iterator(events_.end()));
  events_.clear();
}

}  // namespace dmp::canary
