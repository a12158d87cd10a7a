// MqttProperties: a list of MQTT 5 properties as libmosquitto takes it.
#pragma once

#include <cstdint>
#include <string>

#include <mosquitto.h>
#include <mqtt_protocol.h>

namespace dmp::canary {

class MqttProperties {
 public:
  MqttProperties() = default;
  ~MqttProperties() { mosquitto_property_free_all(&list_); }
  MqttProperties(const MqttProperties&) = delete;
  MqttProperties& operator=(const MqttProperties&) = delete;

  void set_content_type(const std::string& type) {
    mosquitto_property_add_string(&list_, MQTT_PROP_CONTENT_TYPE, type.c_str());
  }

  // Where the answer is wanted, and what it shall name the message by.
  void ask_for_answer(const std::string& topic, const std::string& correlation) {
    mosquitto_property_add_string(&list_, MQTT_PROP_RESPONSE_TOPIC, topic.c_str());
    mosquitto_property_add_binary(&list_, MQTT_PROP_CORRELATION_DATA, correlation.data(),
                                  static_cast<std::uint16_t>(correlation.size()));
  }

  [[nodiscard]] const mosquitto_property* get() const { return list_; }

 private:
  mosquitto_property* list_ = nullptr;
};

}  // namespace dmp::canary
