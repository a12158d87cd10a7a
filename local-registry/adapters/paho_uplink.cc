#include "local-registry/adapters/paho_uplink.h"

#include <algorithm>
#include <atomic>

#include <MQTTAsync.h>
#include <mqtt/async_client.h>

#include "base/endpoints.h"
#include "base/log.h"
#include "base/tcp_connections.h"
#include "cmake/paho/errors.h"
#include "cmake/paho/pubacks.h"

namespace dmp::local {
namespace {

constexpr std::chrono::seconds kKeepAlive{20};
constexpr std::chrono::seconds kConnectTimeout{5};
constexpr std::chrono::milliseconds kDisconnectWithin{1000};
constexpr int kQos = 1;
constexpr std::uint16_t kReceiveMaximum = 64;
constexpr std::uint32_t kPacketBytesMax = 128 * 1024;

Error error_of(const mqtt::exception& error) {
  return {"mqtt", std::string(error.what()), Retry::kYes};
}

}  // namespace

struct PahoUplink::Client {
  Client(const BrokerAddress& broker, EventQueue& queue, Counter& drops)
      : events(queue),
        dropped(drops),
        on_connect(*this),
        on_subscribe(*this),
        on_publish(*this, true),
        on_failed_publish(*this, false),
        port(port_of(broker.uri)),
        mqtt(broker.uri, broker.client_id, mqtt::create_options(MQTTVERSION_5), nullptr) {
    // By default Paho prints every packet into a buffer that nobody reads.
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    mqtt.set_connection_lost_handler(
        [this](const std::string& cause) { lost(cause.empty() ? "the connection ended" : cause); });
    mqtt.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode reason) {
      const bool taken_over = reason == mqtt::ReasonCode::SESSION_TAKEN_OVER;
      lost("the broker says " + std::to_string(static_cast<int>(reason)), taken_over);
    });
    mqtt.set_message_callback([this](const mqtt::const_message_ptr& message) {
      if (message == nullptr) return;
      const std::size_t bytes = message->get_payload().size();
      push(UplinkMessage{message->get_topic(), message->get_payload_str()}, bytes);
    });
  }

  void push(Event&& event, std::size_t bytes = 0) {
    if (!events.try_push(std::move(event), bytes)) dropped.add();
  }

  // Paho may tell the end of one connection several times: a failed subscription, the lost socket.
  void lost(std::string reason, bool taken_over = false) {
    if (engaged.exchange(false)) push(UplinkLost{std::move(reason), taken_over});
  }

  struct Connecting final : mqtt::iaction_listener {
    explicit Connecting(Client& owner) : client(owner) {}
    void on_success(const mqtt::token&) override {
      disable_nagle_to(client.port);
      client.was_connected = true;
      client.push(UplinkConnected{});
    }
    void on_failure(const mqtt::token& token) override {
      client.lost(why_not_connected(client.mqtt.get_server_uri(), token));
    }
    Client& client;
  };

  struct Subscribing final : mqtt::iaction_listener {
    explicit Subscribing(Client& owner) : client(owner) {}
    void on_success(const mqtt::token&) override {}
    void on_failure(const mqtt::token& token) override {
      client.lost("cannot subscribe: " + paho_error(token));
    }
    Client& client;
  };

  struct Publishing final : mqtt::iaction_listener {
    Publishing(Client& owner, bool delivered) : client(owner), tells_delivered(delivered) {}
    void on_success(const mqtt::token& token) override { answer(token, puback_reason()); }
    void on_failure(const mqtt::token& token) override {
      const int reason = token.get_reason_code();
      answer(token, reason != kUplinkDelivered ? reason : kUplinkFailed);
    }
    void answer(const mqtt::token& token, int reason) {
      const auto publish = reinterpret_cast<std::intptr_t>(token.get_user_context());
      if (tells_delivered || reason != kUplinkDelivered) {
        client.push(UplinkAnswered{publish, reason});
      }
    }
    Client& client;
    const bool tells_delivered;
  };

  EventQueue& events;
  Counter& dropped;
  std::atomic<bool> was_connected = false;
  std::atomic<bool> engaged = false;  // between connect() and the news of its end
  Connecting on_connect;
  Subscribing on_subscribe;
  Publishing on_publish;
  Publishing on_failed_publish;
  const int port;
  mqtt::connect_options options;  // the object connect() gets: copies lose their properties
  mqtt::async_client mqtt;        // last: it calls the others until it is destroyed
};

PahoUplink::PahoUplink(const BrokerAddress& broker, EventQueue& events, Metrics& metrics)
    : broker_(broker),
      events_(events),
      dropped_(metrics.counter("dmp_local_registry_events_dropped_total",
                               "Events that found the queue of the loop full.",
                               {{"source", "uplink"}})) {}

PahoUplink::~PahoUplink() = default;

Result<std::unique_ptr<PahoUplink>> PahoUplink::create(const BrokerAddress& broker,
                                                       EventQueue& events, Metrics& metrics) {
  std::unique_ptr<PahoUplink> uplink(new PahoUplink(broker, events, metrics));
  try {
    uplink->begin_client();
  } catch (const mqtt::exception& error) {
    return tl::unexpected(error_of(error).within("setting mqtt-uri " + broker.uri));
  }
  return uplink;
}

void PahoUplink::begin_client() {
  retired_ = std::move(client_);
  client_ = std::make_unique<Client>(broker_, events_, dropped_);
}

Status PahoUplink::connect(const std::string& will_topic, const std::string& will_payload) {
  try {
    if (client_->mqtt.is_connected()) client_->mqtt.disconnect(0)->wait_for(kDisconnectWithin);
    if (client_->was_connected) begin_client();
    Client& client = *client_;
    mqtt::ssl_options tls;
    tls.set_trust_store(broker_.ca);
    tls.set_key_store(broker_.certificate);
    tls.set_private_key(broker_.key);
    tls.set_ssl_version(MQTT_SSL_VERSION_TLS_1_2);
    tls.set_verify(true);
    tls.set_enable_server_cert_auth(true);
    client.options.set_mqtt_version(MQTTVERSION_5);
    client.options.set_clean_start(true);
    client.options.set_keep_alive_interval(kKeepAlive);
    client.options.set_connect_timeout(kConnectTimeout);
    client.options.set_max_inflight(static_cast<int>(2 * kReceiveMaximum));
    client.options.set_ssl(tls);
    client.options.set_will(mqtt::will_options(will_topic, will_payload, kQos, false));
    mqtt::properties properties;
    properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, 0});
    properties.add({mqtt::property::RECEIVE_MAXIMUM, int{kReceiveMaximum}});
    properties.add({mqtt::property::MAXIMUM_PACKET_SIZE, int{kPacketBytesMax}});
    client.options.set_properties(std::move(properties));  // last
    client.engaged = true;
    other_sockets_ = connections_to(client.port);
    client.mqtt.connect(client.options, nullptr, client.on_connect);
  } catch (const mqtt::exception& error) {
    client_->engaged = false;
    return tl::unexpected(error_of(error));
  }
  return {};
}

Status PahoUplink::subscribe(const std::string& topic) {
  // Only now: destroying the last connected client makes Paho stop its threads, which takes it a
  // second.
  retired_.reset();
  try {
    client_->mqtt.subscribe(topic, kQos, nullptr, client_->on_subscribe);
  } catch (const mqtt::exception& error) {
    return tl::unexpected(error_of(error));
  }
  return {};
}

Status PahoUplink::publish(const Publish& message) {
  try {
    auto packet = mqtt::make_message(message.topic, message.payload, kQos, false);
    mqtt::properties properties;
    properties.add({mqtt::property::CONTENT_TYPE, "application/json"});
    if (!message.correlation.empty()) {
      properties.add({mqtt::property::RESPONSE_TOPIC, message.confirm_topic});
      properties.add({mqtt::property::CORRELATION_DATA, message.correlation});
    }
    packet->set_properties(properties);
    auto* context = reinterpret_cast<void*>(static_cast<std::intptr_t>(message.id));
    Client& client = *client_;
    client.mqtt.publish(packet, context,
                        message.tell_delivered ? client.on_publish : client.on_failed_publish);
  } catch (const mqtt::exception& error) {
    return tl::unexpected(error_of(error));
  }
  return {};
}

void PahoUplink::disconnect() {
  client_->engaged = false;
  try {
    client_->mqtt.disconnect(0)->wait_for(kDisconnectWithin);
  } catch (const mqtt::exception& error) {
    log_info("uplink_disconnect_failed", {{"error", error.what()}});
  }
}

// Paho says DISCONNECT in every way it has of ending, also in its destructor.
void PahoUplink::abandon() {
  client_->engaged = false;
  shut_connections_to(client_->port, other_sockets_);
}

}  // namespace dmp::local
