#include "bridge/adapters/paho_message.h"

namespace dmp::bridge {
namespace {

std::string text_of(const mqtt::properties& properties, mqtt::property::code code) {
  return properties.contains(code) ? mqtt::get<std::string>(properties, code) : std::string();
}

}  // namespace

PahoMessage::PahoMessage(const mqtt::message& received, std::int64_t received_at_us) {
  const mqtt::properties& properties = received.get_properties();
  const std::size_t count = properties.count(mqtt::property::USER_PROPERTY);
  for (std::size_t i = 0; i < count; ++i) {
    const auto [name, value] =
        mqtt::get<mqtt::string_pair>(properties, mqtt::property::USER_PROPERTY, i);
    pack_.add(name, value);
  }
  content_type_ = text_of(properties, mqtt::property::CONTENT_TYPE);
  response_topic_ = text_of(properties, mqtt::property::RESPONSE_TOPIC);
  correlation_ = text_of(properties, mqtt::property::CORRELATION_DATA);
  message_ = bounded({.topic = received.get_topic(),
                      .payload = received.get_payload(),
                      .content_type = content_type_,
                      .response_topic = response_topic_,
                      .correlation = correlation_,
                      .properties = pack_.packed(),
                      .properties_dropped = pack_.dropped(),
                      .received_at = received_at_us,
                      .duplicate = received.is_duplicate()});
}

}  // namespace dmp::bridge
