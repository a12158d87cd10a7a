#include "bridge/core/message.h"

#include "base/check.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kLengthBytes = 2;

void append_text(std::string& packed, std::string_view text) {
  packed += static_cast<char>(text.size() >> 8);
  packed += static_cast<char>(text.size() & 0xff);
  packed += text;
}

std::string_view take_text(std::string_view& packed) {
  DMP_CHECK(packed.size() >= kLengthBytes);
  const auto high = static_cast<unsigned char>(packed[0]);
  const auto low = static_cast<unsigned char>(packed[1]);
  const std::size_t length = std::size_t{high} * 256 + low;
  packed.remove_prefix(kLengthBytes);
  DMP_CHECK(packed.size() >= length);
  const std::string_view text = packed.substr(0, length);
  packed.remove_prefix(length);
  return text;
}

}  // namespace

Message bounded(Message message) {
  message.payload_bytes = message.payload.size();
  message.topic = message.topic.substr(0, MessageLimits::kTopicBytes);
  message.payload = message.payload.substr(0, MessageLimits::kPayloadBytes);
  message.response_topic = message.response_topic.substr(0, MessageLimits::kTopicBytes);
  message.correlation = message.correlation.substr(0, MessageLimits::kCorrelationBytes);
  if (message.content_type.size() > MessageLimits::kContentTypeBytes) {
    message.content_type = {};  // half a media type would say something else
    ++message.properties_dropped;
  }
  return message;
}

std::size_t bytes_of(const Message& message) {
  return message.topic.size() + message.payload.size() + message.content_type.size() +
         message.response_topic.size() + message.correlation.size() + message.properties.size();
}

void PropertyPack::add(std::string_view name, std::string_view value) {
  const bool reserved = name.starts_with(kafka::kReserved) || name == kafka::kContentType;
  const std::size_t bytes = packed_.size() + 2 * kLengthBytes + name.size() + value.size();
  if (reserved || count_ == MessageLimits::kProperties || bytes > MessageLimits::kPropertyBytes) {
    ++dropped_;
    return;
  }
  append_text(packed_, name);
  append_text(packed_, value);
  ++count_;
}

void PropertyPack::clear() {
  packed_.clear();
  count_ = 0;
  dropped_ = 0;
}

UserProperty take_property(std::string_view& packed) {
  const std::string_view name = take_text(packed);
  return {name, take_text(packed)};
}

}  // namespace dmp::bridge
