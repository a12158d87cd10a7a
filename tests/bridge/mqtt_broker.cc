#include "tests/bridge/mqtt_broker.h"

#include <deque>

#include <mqtt/async_client.h>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "base/tcp_connections.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kReceivedMax = 1000;
constexpr int kAhead = 20;  // Mosquitto's Receive Maximum

}  // namespace

MqttOptions MqttBroker::options() const {
  return {.uri = uri(),
          .client_id = bridge(),
          .ca_file = file("ca.crt"),
          .certificate_file = file(bridge() + ".crt"),
          .key_file = file(bridge() + ".key"),
          .filters = {"dmp/v1/+/+/update", "dmp/v1/+/agent/presence", bridge_echo_topic(bridge())},
          .echo_topic = bridge_echo_topic(bridge())};
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
