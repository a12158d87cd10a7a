// A real Mosquitto for tests: its own folder, CA, free port, mTLS and the contract's ACL; and an
// agent that talks to it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <sys/types.h>

#include "bridge/adapters/paho_source.h"

namespace dmp::bridge {

class MqttBroker {
 public:
  static constexpr const char* kBridge = "bridge-1";
  static constexpr const char* kRae = "rae-1";
  static constexpr const char* kOtherRae = "rae-2";

  // Starts it; ends the test program if that is impossible.
  MqttBroker();
  ~MqttBroker();
  MqttBroker(const MqttBroker&) = delete;
  MqttBroker& operator=(const MqttBroker&) = delete;

  void start();
  // As power loss would.
  void kill();
  // Everything it has stored is gone. Only while it is not running.
  void forget();

  [[nodiscard]] std::string uri() const { return "ssl://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }
  // As the bridge connects.
  [[nodiscard]] MqttOptions options() const;

 private:
  void make_certificates() const;
  void write_configuration() const;

  std::string folder_;
  int port_ = 0;
  pid_t pid_ = -1;
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
