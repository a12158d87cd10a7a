#include "bridge/adapters/paho_connection.h"

#include <bit>
#include <charconv>

#include <MQTTAsync.h>

#include "base/check.h"
#include "base/log.h"
#include "base/tcp_connections.h"
#include "bridge/adapters/batch_paho.h"
#include "bridge/adapters/paho_message.h"
#include "cmake/paho/errors.h"
#include "cmake/paho/pubacks.h"

namespace dmp::bridge {
namespace {

constexpr int kAtMostOnce = 0;
constexpr int kAtLeastOnce = 1;
constexpr int kRefusals = 0x80;  // reason codes from here on (MQTT 5.0, 2.4)
// Every unanswered publish may be answered, and the connection's own news are a handful.
constexpr std::size_t kHappeningsMax = PahoConnection::kPublishesMax + 64;
constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::chrono::milliseconds kDisconnectPatience{1000};
constexpr std::chrono::seconds kEchoExpiry{60};

constexpr const char* kOnlyQos0 =
    "the broker only grants QoS 0, by which messages are lost: raise its max_qos";

// Paho C++ copies every message and its properties; only C's own callback spares that, and the C++
// client hides the handle that takes it. An explicit instantiation may name a private member.
template <MQTTAsync mqtt::async_client::*handle>
struct Handle {
  friend MQTTAsync handle_of(const mqtt::async_client& client) { return client.*handle; }
};
template struct Handle<&mqtt::async_client::cli_>;
MQTTAsync handle_of(const mqtt::async_client& client);

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

PahoConnection::PahoConnection(const MqttOptions& options, Window& window, Wake& wake,
                               const Clock& clock)
    : uri_(options.uri),
      echo_topic_(options.echo_topic),
      port_(port_of(options.uri)),
      session_expiry_(options.session_expiry),
      window_(window),
      marks_(options.marks),
      wake_(wake),
      clock_(clock),
      happenings_(kHappeningsMax, kHappeningsMax),
      connected_([this](const mqtt::token& token, bool good) {
        if (!good) {
          return tell({Happening::Kind::kConnectFailed, false, 0, why_not_connected(uri_, token)});
        }
        disable_nagle_to(port_);
        was_up_ = true;
        const mqtt::connect_response answer = token.get_connect_response();
        tell({Happening::Kind::kConnected, answer.is_session_present(), 0,
              why_lossy(answer.get_properties())});
      }),
      subscribed_([this](const mqtt::token& token, bool good) {
        const int code = token.get_reason_code();  // of success: the QoS
        if (good && code == kAtLeastOnce) return tell({Happening::Kind::kSubscribed});
        const bool lossy = good && code == kAtMostOnce;
        tell({Happening::Kind::kSubscribeFailed, false, 0, lossy ? kOnlyQos0 : paho_error(token)});
      }),
      left_([this](const mqtt::token&, bool) {
        tell({Happening::Kind::kLeft, false, 0, "left"});
      }),
      published_([this](const mqtt::token& token, bool good) { answered(token, good); }),
      client_(options.uri, options.client_id, mqtt::create_options(MQTTVERSION_5), nullptr) {
  // As Debian has it, Paho prints every packet into a buffer that nobody reads.
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
  batch_paho();
  prepare_connect(options);
  DMP_CHECK(MQTTAsync_setMessageArrivedCallback(handle_of(client_), this, on_arrived) ==
            MQTTASYNC_SUCCESS);
  client_.set_connection_lost_handler([this](const std::string& cause) {
    tell({Happening::Kind::kLost, false, 0, cause.empty() ? "connection lost" : cause});
  });
  client_.set_disconnected_handler([](const mqtt::properties&, mqtt::ReasonCode code) {
    log_warning("mqtt_disconnected_by_broker", {{"reason_code", static_cast<int>(code)}});
  });
}

PahoConnection::~PahoConnection() {
  if (closed_ || !was_up_) return;
  // Without a DISCONNECT the session stays as well; this only spares the broker the keepalive.
  try {
    client_.disconnect()->wait_for(kDisconnectPatience);
  } catch (const mqtt::exception&) {
    return;  // it was not connected any more
  }
}

void PahoConnection::prepare_connect(const MqttOptions& options) {
  connect_options_.set_mqtt_version(MQTTVERSION_5);
  connect_options_.set_clean_start(false);
  connect_options_.set_keep_alive_interval(options.keepalive);
  connect_options_.set_connect_timeout(kConnectPatience);
  if (!options.ca_file.empty()) connect_options_.set_ssl(tls_of(options));
  // Last, and on the object that is passed to connect(): Paho C++ 1.2.0 silently sends none of
  // these from a copy or from its builder, and the session is gone with the first lost connection.
  connect_options_.set_properties(
      {{mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<int>(options.session_expiry.count())},
       {mqtt::property::RECEIVE_MAXIMUM, options.receive_max}});
}

// What the broker takes from us by which messages would be lost; empty: nothing that it tells
// (MQTT 5.0, 3.2.2.3).
std::string PahoConnection::why_lossy(const mqtt::properties& granted) const {
  using mqtt::property;
  if (granted.contains(property::MAXIMUM_QOS) &&
      mqtt::get<std::uint8_t>(granted, property::MAXIMUM_QOS) < kAtLeastOnce) {
    return kOnlyQos0;
  }
  if (!granted.contains(property::SESSION_EXPIRY_INTERVAL)) return {};
  const auto kept = mqtt::get<std::uint32_t>(granted, property::SESSION_EXPIRY_INTERVAL);
  if (kept >= session_expiry_.count()) return {};
  return "the broker keeps our session, and messages for us, for " + std::to_string(kept) +
         " s after a connection ends, not for " + std::to_string(session_expiry_.count()) +
         ": raise its limit";
}

void PahoConnection::connect() {
  DMP_CHECK(!was_up_);
  while (happenings_.try_pop()) {  // of the attempt before
  }
  try {
    client_.connect(connect_options_, nullptr, connected_);
  } catch (const mqtt::exception& error) {
    tell({Happening::Kind::kConnectFailed, false, 0, error.what()});
  }
}

void PahoConnection::subscribe(const std::string& filter) {
  // Nothing of ours is retained; what somebody retained anyway must not come at every connect.
  const mqtt::subscribe_options without_retained(false, false,
                                                 mqtt::subscribe_options::DONT_SEND_RETAINED);
  try {
    client_.subscribe(filter, kAtLeastOnce, nullptr, subscribed_, without_retained);
  } catch (const mqtt::exception& error) {
    tell({Happening::Kind::kSubscribeFailed, false, 0, error.what()});
  }
}

void PahoConnection::disconnect() {
  try {
    client_.disconnect(kDisconnectPatience, nullptr, left_);
  } catch (const mqtt::exception& error) {
    tell({Happening::Kind::kLeft, false, 0, error.what()});
  }
}

Status PahoConnection::publish(const Publish& message) {
  if (unanswered_ >= kPublishesMax) {
    return fail("mqtt_busy", std::to_string(kPublishesMax) + " messages wait for the broker",
                Retry::kYes);
  }
  mqtt::properties properties;
  properties.add(
      {mqtt::property::MESSAGE_EXPIRY_INTERVAL, static_cast<int>(message.expiry.count())});
  properties.add({mqtt::property::CONTENT_TYPE, std::string("application/json")});
  // The broker takes 20 at a time (Mosquitto's Receive Maximum) of what it has to answer: what
  // nobody waits for does not wait for that either.
  const int quality = message.ticket == 0 ? kAtMostOnce : kAtLeastOnce;
  ++unanswered_;
  try {
    // The context is only a number to us, and never followed.
    client_.publish(
        mqtt::message::create(message.topic, message.payload, quality, false, properties),
        std::bit_cast<void*>(message.ticket), published_);
  } catch (const mqtt::exception& error) {
    --unanswered_;
    return fail("mqtt_failed", error.what(), Retry::kYes);
  }
  return {};
}

Status PahoConnection::echo(std::uint64_t number) {
  return publish({.topic = echo_topic_, .payload = std::to_string(number), .expiry = kEchoExpiry});
}

void PahoConnection::answered(const mqtt::token& token, bool good) {
  --unanswered_;
  const auto ticket = std::bit_cast<std::uint64_t>(token.get_user_context());
  if (ticket == 0) return;
  // Paho calls what it could not write failed as well; the end of the connection follows.
  if (!good && token.get_reason_code() < kRefusals) return;
  const bool unheard = good && puback_reason() == mqtt::ReasonCode::NO_MATCHING_SUBSCRIBERS;
  tell({Happening::Kind::kAnswered, false, ticket, good ? "" : paho_error(token), unheard});
}

void PahoConnection::tell(Happening happening) noexcept {
  if (closed_) return;  // nobody asks any more
  DMP_CHECK(happenings_.try_push(std::move(happening)));
  wake_.notify();
}

// Always 1: whatever is said here, Paho acknowledges.
int PahoConnection::on_arrived(void* self, char* topic, int length,
                               MQTTAsync_message* message) noexcept {
  // Of a message that Paho had queued, the length is only told if the topic holds a NUL.
  const std::string_view text =
      length > 0 ? std::string_view(topic, static_cast<std::size_t>(length)) : topic;
  static_cast<PahoConnection*>(self)->on_message(text, *message);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

void PahoConnection::on_echo(const MQTTAsync_message& received) noexcept {
  const auto* const begin = static_cast<const char*>(received.payload);
  std::uint64_t number = 0;
  std::from_chars(begin, begin + received.payloadlen, number);
  echo_ = number;
  wake_.notify();
}

std::optional<std::uint64_t> PahoConnection::take_echo() {
  const std::uint64_t number = echo_.exchange(0);
  if (number == 0) return std::nullopt;
  return number;
}

bool PahoConnection::is_high() const {
  if (!marks_) return false;
  const WindowLevel level = window_.level();
  return marks_->is_high(level.bytes, level.messages);
}

void PahoConnection::read_on() const {
  if (is_high()) return;
  release_paho();
  // What has come since we looked may have asked for it, in vain.
  if (is_high()) hold_paho();
}

void PahoConnection::on_message(std::string_view topic,
                                const MQTTAsync_message& received) noexcept {
  if (closed_) return;  // not acknowledged: it comes again with the next connection
  arrived_.fetch_add(1, std::memory_order_relaxed);
  if (topic == echo_topic_) return on_echo(received);
  if (!refusing_) {
    bool kept = false;
    try {
      kept = window_.append(PahoMessage(topic, received, clock_.wall_us()).message());
    } catch (...) {
      kept = false;  // no memory for a copy: as good as no room
    }
    if (kept) {
      if (is_high()) hold_paho();
      return wake_.notify();
    }
    refusing_ = true;
  }
  shut_connections_to(port_);
}

}  // namespace dmp::bridge
