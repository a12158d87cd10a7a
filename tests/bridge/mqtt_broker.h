// The broker of the bridge's tests, and an agent that talks to it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "bridge/adapters/paho_source.h"
#include "tests/fixtures/mosquitto.h"

namespace dmp::bridge {

class MqttBroker : public test::Mosquitto {
 public:
  static constexpr const char* kRae = "rae-1";
  static constexpr const char* kOtherRae = "rae-2";

  explicit MqttBroker(const std::string& bridge = kBridge) : Mosquitto({kRae, kOtherRae}, bridge) {}

  // As the bridge connects.
  [[nodiscard]] MqttOptions options() const;
};

// An agent. Its calls wait for the broker's answer.
class Agent {
 public:
  explicit Agent(const MqttBroker& broker, const std::string& rae = MqttBroker::kRae);
  ~Agent();

  struct Extras {
    std::string correlation;
    std::string response_topic;
    std::string content_type;
    std::string property_name;
    std::string property_value;
  };
  void publish(const std::string& topic, const std::string& payload, const Extras& extras);
  void publish(const std::string& topic, const std::string& payload) {
    publish(topic, payload, Extras());
  }
  // The same without waiting, as many ahead of the broker's answers as it takes.
  void publish_ahead(const std::string& topic, const std::string& payload);
  // Waits for the answers to all of them.
  void settle();
  void subscribe(const std::string& topic);

  struct Received {
    std::string topic;
    std::string payload;
    int expiry_s = 0;
  };
  // Empty topic if nothing came within half a minute.
  Received receive();

 private:
  struct Client;
  std::unique_ptr<Client> client_;
};

}  // namespace dmp::bridge
