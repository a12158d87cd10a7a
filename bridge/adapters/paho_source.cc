#include "bridge/adapters/paho_source.h"

#include <atomic>
#include <bit>
#include <charconv>
#include <cstdint>
#include <functional>
#include <utility>

#include <mqtt/async_client.h>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "base/log.h"
#include "bridge/adapters/paho_message.h"
#include "bridge/adapters/socket_shutdown.h"
#include "bridge/core/outstanding.h"

namespace dmp::bridge {
namespace {

constexpr int kMqtt5 = MQTTVERSION_5;
constexpr int kAtLeastOnce = 1;
constexpr int kFailures = 0x80;  // reason codes from here on
constexpr std::size_t kEventsMax = 64;
constexpr int kPublishesMax = 1024;
constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::chrono::seconds kSubscribePatience{10};
constexpr std::chrono::milliseconds kDisconnectPatience{1000};

int port_of(const std::string& uri) {
  const std::size_t colon = uri.rfind(':');
  int port = 0;
  if (colon != std::string::npos) {
    std::from_chars(uri.data() + colon + 1, uri.data() + uri.size(), port);
  }
  return port;
}

std::string describe(const mqtt::token& token) {
  return mqtt::exception::printable_error(token.get_return_code(),
                                          static_cast<int>(token.get_reason_code()));
}

// Outcome of one kind of asynchronous call, on Paho's threads.
class Outcome final : public mqtt::iaction_listener {
 public:
  using Report = std::function<void(const mqtt::token&, bool good)>;
  explicit Outcome(Report report) : report_(std::move(report)) {}
  void on_success(const mqtt::token& token) override { report_(token, true); }
  void on_failure(const mqtt::token& token) override { report_(token, false); }

 private:
  Report report_;
};

// What Paho's threads have to tell the loop.
struct Happening {
  enum class Kind { kConnected, kConnectFailed, kSubscribed, kSubscribeFailed, kLost, kLeft };
  Kind kind;
  int connection;  // the count of connect() calls it belongs to
  bool session_present = false;
  std::string reason = {};
};

mqtt::ssl_options tls_of(const MqttOptions& options) {
  mqtt::ssl_options tls;
  tls.set_trust_store(options.ca_file);
  tls.set_key_store(options.certificate_file);
  tls.set_private_key(options.key_file);
  tls.set_enable_server_cert_auth(true);
  tls.set_verify(true);
  return tls;
}

}  // namespace

class PahoSource::Connection {
 public:
  Connection(MqttOptions options, Window& window, Wake& wake, const Clock& clock);
  ~Connection();

  void connect();
  void disconnect();
  std::optional<SourceEvent> poll();
  Status publish(const std::string& topic, const std::string& payload, std::chrono::seconds expiry);

 private:
  enum class State { kDown, kConnecting, kSubscribing, kUp, kLeaving };

  void prepare_connect();
  std::optional<SourceEvent> advance(const Happening& happening);
  void subscribe_next();
  SourceEvent down(std::string reason);
  void break_off(const std::string& reason);

  // On Paho's threads.
  void tell(Happening::Kind kind, bool session_present = false, std::string reason = {}) noexcept;
  void on_message(const mqtt::message& received) noexcept;

  const MqttOptions options_;
  Window& window_;
  Wake& wake_;
  const Clock& clock_;
  BoundedQueue<Happening> happenings_{kEventsMax, kEventsMax};
  std::atomic<int> connection_ = 0;
  // Once a message was refused, all are until the next connect(): none may overtake it.
  std::atomic<bool> refusing_ = false;
  Outstanding publishing_;

  // Only for the loop.
  State state_ = State::kDown;
  bool session_present_ = false;
  std::size_t subscribed_filters_ = 0;
  SteadyTime subscribe_deadline_{};

  Outcome connected_;
  Outcome subscribed_;
  Outcome left_;
  Outcome published_;
  // Kept as long as the client: Paho C++ 1.2.0 keeps pointing into this very object.
  mqtt::connect_options connect_options_;
  mqtt::async_client client_;  // last: its end stops the callbacks above
};

PahoSource::Connection::Connection(MqttOptions options, Window& window, Wake& wake,
                                   const Clock& clock)
    : options_(std::move(options)),
      window_(window),
      wake_(wake),
      clock_(clock),
      connected_([this](const mqtt::token& token, bool good) {
        if (!good) return tell(Happening::Kind::kConnectFailed, false, describe(token));
        tell(Happening::Kind::kConnected, token.get_connect_response().is_session_present());
      }),
      subscribed_([this](const mqtt::token& token, bool good) {
        const bool granted = good && token.get_reason_code() < kFailures;
        if (!granted) return tell(Happening::Kind::kSubscribeFailed, false, describe(token));
        tell(Happening::Kind::kSubscribed);
      }),
      left_([this](const mqtt::token&, bool) { tell(Happening::Kind::kLeft, false, "left"); }),
      published_([this](const mqtt::token& token, bool) {
        publishing_.done(std::bit_cast<std::intptr_t>(token.get_user_context()));
      }),
      client_(options_.uri, options_.client_id, mqtt::create_options(kMqtt5), nullptr) {
  DMP_CHECK(!options_.filters.empty());
  prepare_connect();
  client_.set_message_callback(
      [this](const mqtt::const_message_ptr& message) { on_message(*message); });
  client_.set_connection_lost_handler([this](const std::string& cause) {
    tell(Happening::Kind::kLost, false, cause.empty() ? "connection lost" : cause);
  });
  client_.set_disconnected_handler([](const mqtt::properties&, mqtt::ReasonCode code) {
    log_warning("mqtt_disconnected_by_broker", {{"reason_code", static_cast<int>(code)}});
  });
}

PahoSource::Connection::~Connection() {
  if (state_ == State::kDown) return;
  // Without a DISCONNECT the session stays as well; this only spares the broker the keepalive.
  try {
    client_.disconnect()->wait_for(kDisconnectPatience);
  } catch (const mqtt::exception&) {
    return;  // it was not connected any more
  }
}

void PahoSource::Connection::prepare_connect() {
  connect_options_.set_mqtt_version(kMqtt5);
  connect_options_.set_clean_start(false);
  connect_options_.set_keep_alive_interval(options_.keepalive);
  connect_options_.set_connect_timeout(kConnectPatience);
  if (!options_.ca_file.empty()) connect_options_.set_ssl(tls_of(options_));
  // Last, and on the object that is passed to connect(): Paho C++ 1.2.0 silently sends none of
  // these from a copy or from its builder, and the session is gone with the first lost connection.
  connect_options_.set_properties(
      {{mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<int>(options_.session_expiry.count())},
       {mqtt::property::RECEIVE_MAXIMUM, options_.receive_max}});
}

void PahoSource::Connection::connect() {
  DMP_CHECK(state_ == State::kDown);
  ++connection_;
  refusing_ = false;
  state_ = State::kConnecting;
  try {
    client_.connect(connect_options_, nullptr, connected_);
  } catch (const mqtt::exception& error) {
    tell(Happening::Kind::kConnectFailed, false, error.what());
  }
}

void PahoSource::Connection::disconnect() {
  DMP_CHECK(state_ == State::kUp);
  state_ = State::kLeaving;
  try {
    client_.disconnect(kDisconnectPatience, nullptr, left_);
  } catch (const mqtt::exception& error) {
    tell(Happening::Kind::kLeft, false, error.what());
  }
}

// One filter after the other: for several at once Paho C++ 1.2.0 passes the options on as a null
// pointer and the reason codes back as garbage.
void PahoSource::Connection::subscribe_next() {
  state_ = State::kSubscribing;
  subscribe_deadline_ = clock_.steady() + kSubscribePatience;
  // Nothing of ours is retained; what somebody retained anyway must not come at every connect.
  const mqtt::subscribe_options without_retained(false, false,
                                                 mqtt::subscribe_options::DONT_SEND_RETAINED);
  try {
    client_.subscribe(options_.filters[subscribed_filters_], kAtLeastOnce, nullptr, subscribed_,
                      without_retained);
  } catch (const mqtt::exception& error) {
    tell(Happening::Kind::kSubscribeFailed, false, error.what());
  }
}

SourceEvent PahoSource::Connection::down(std::string reason) {
  state_ = State::kDown;
  ++connection_;  // whatever else this connection has to say is history
  return {.kind = SourceEvent::Kind::kDown, .reason = std::move(reason)};
}

// Ends a connection that is of no use; kLeft follows.
void PahoSource::Connection::break_off(const std::string& reason) {
  log_warning("mqtt_subscribe_failed", {{"reason", reason}});
  state_ = State::kUp;
  disconnect();
}

std::optional<SourceEvent> PahoSource::Connection::advance(const Happening& happening) {
  switch (happening.kind) {
    case Happening::Kind::kConnected:
      session_present_ = happening.session_present;
      publishing_.begin(connection_);  // what an earlier one still owes is Paho's to send again
      subscribed_filters_ = 0;
      subscribe_next();
      return std::nullopt;
    case Happening::Kind::kSubscribed:
      if (++subscribed_filters_ < options_.filters.size()) {
        subscribe_next();
        return std::nullopt;
      }
      state_ = State::kUp;
      return SourceEvent{SourceEvent::Kind::kUp, session_present_, {}};
    case Happening::Kind::kSubscribeFailed:
      if (state_ == State::kSubscribing) break_off(happening.reason);
      return std::nullopt;
    case Happening::Kind::kConnectFailed:
    case Happening::Kind::kLost:
    case Happening::Kind::kLeft:
      return down(happening.reason);
  }
  return std::nullopt;
}

std::optional<SourceEvent> PahoSource::Connection::poll() {
  while (const auto happening = happenings_.try_pop()) {
    if (happening->connection != connection_) continue;
    if (auto event = advance(*happening)) return event;
  }
  if (state_ == State::kSubscribing && clock_.steady() >= subscribe_deadline_) {
    break_off("the broker did not answer");
  }
  return std::nullopt;
}

Status PahoSource::Connection::publish(const std::string& topic, const std::string& payload,
                                       std::chrono::seconds expiry) {
  if (state_ != State::kUp) return fail("mqtt_down", "MQTT is not connected", Retry::kYes);
  if (publishing_.count() >= kPublishesMax) {
    return fail("mqtt_busy", std::to_string(kPublishesMax) + " messages wait for the broker",
                Retry::kYes);
  }
  mqtt::properties properties;
  properties.add({mqtt::property::MESSAGE_EXPIRY_INTERVAL, static_cast<int>(expiry.count())});
  properties.add({mqtt::property::CONTENT_TYPE, std::string("application/json")});
  // The context is only a number to us, and never followed.
  const std::intptr_t ticket = publishing_.add();
  try {
    client_.publish(mqtt::message::create(topic, payload, kAtLeastOnce, false, properties),
                    std::bit_cast<void*>(ticket), published_);
  } catch (const mqtt::exception& error) {
    publishing_.done(ticket);
    return fail("mqtt_failed", error.what(), Retry::kYes);
  }
  return {};
}

void PahoSource::Connection::tell(Happening::Kind kind, bool session_present,
                                  std::string reason) noexcept {
  // One connection has at most a handful of these, and none is forgotten: the loop empties them.
  DMP_CHECK(happenings_.try_push({kind, connection_, session_present, std::move(reason)}));
  wake_.notify();
}

void PahoSource::Connection::on_message(const mqtt::message& received) noexcept {
  if (!refusing_) {
    bool kept = false;
    try {
      kept = window_.append(PahoMessage(received, clock_.wall_us()).message());
    } catch (...) {
      kept = false;  // no memory for a copy: as good as no room
    }
    if (kept) return wake_.notify();
    refusing_ = true;
  }
  shut_connections_to(port_of(options_.uri));
}

PahoSource::PahoSource(MqttOptions options, Window& window, Wake& wake, const Clock& clock)
    : connection_(std::make_unique<Connection>(std::move(options), window, wake, clock)) {}

PahoSource::~PahoSource() = default;

void PahoSource::connect() { connection_->connect(); }
void PahoSource::disconnect() { connection_->disconnect(); }
std::optional<SourceEvent> PahoSource::poll() { return connection_->poll(); }

Status PahoSource::publish(const std::string& topic, const std::string& payload,
                           std::chrono::seconds expiry) {
  return connection_->publish(topic, payload, expiry);
}

}  // namespace dmp::bridge
