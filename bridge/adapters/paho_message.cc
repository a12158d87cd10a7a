#include "bridge/adapters/paho_message.h"

#include <span>

namespace dmp::bridge {
namespace {

std::string_view text_of(const MQTTLenString& text) {
  return {text.data, static_cast<std::size_t>(text.len)};
}

std::span<const MQTTProperty> all(const MQTTProperties& properties) {
  return {properties.array, static_cast<std::size_t>(properties.count)};
}

}  // namespace

PahoMessage::PahoMessage(std::string_view topic, const MQTTAsync_message& received,
                         std::int64_t received_at_us) {
  Message message;
  message.topic = topic;
  message.payload = {static_cast<const char*>(received.payload),
                     static_cast<std::size_t>(received.payloadlen)};
  message.received_at = received_at_us;
  message.duplicate = received.dup != 0;
  for (const MQTTProperty& property : all(received.properties)) {
    const auto& value = property.value;
    switch (property.identifier) {
      case MQTTPROPERTY_CODE_CONTENT_TYPE:
        message.content_type = text_of(value.data);
        break;
      case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
        message.response_topic = text_of(value.data);
        break;
      case MQTTPROPERTY_CODE_CORRELATION_DATA:
        message.correlation = text_of(value.data);
        break;
      case MQTTPROPERTY_CODE_USER_PROPERTY:
        pack_.add(text_of(value.data), text_of(value.value));
        break;
      default:
        break;
    }
  }
  message.properties = pack_.packed();
  message.properties_dropped = pack_.dropped();
  message_ = bounded(message);
}

}  // namespace dmp::bridge
