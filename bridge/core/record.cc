#include "bridge/core/record.h"

#include "schema/topics.h"

namespace dmp::bridge {

void RecordBuilder::start(std::string_view topic, std::string_view key, std::string_view payload) {
  record_.topic = topic;
  record_.key = key;
  record_.payload = payload;
  record_.headers.clear();
}

void RecordBuilder::add_headers_of(const Message& message) {
  for (std::string_view rest = message.properties; !rest.empty();) {
    const UserProperty property = take_property(rest);
    record_.headers.push_back({property.name, property.value});
  }
  if (!message.content_type.empty()) {
    record_.headers.push_back({kafka::kContentType, message.content_type});
  }
  add_origin(message.received_at);
}

void RecordBuilder::add_origin(std::int64_t received_at_us) {
  received_at_ = std::to_string(received_at_us);
  record_.headers.push_back({kafka::kReceivedAt, received_at_});
  record_.headers.push_back({kafka::kBridge, bridge_});
}

const Record& RecordBuilder::record(const Message& message, std::string_view kafka_topic) {
  start(kafka_topic, message.topic, message.payload);
  add_headers_of(message);
  return record_;
}

const Record& RecordBuilder::dead_letter(const Message& message, const Error& refusal) {
  start(kafka::kDeadLetters, message.topic, message.payload);
  add_headers_of(message);
  code_ = refusal.code;
  reason_ = refusal.message;
  record_.headers.push_back({kafka::kReasonCode, code_});
  record_.headers.push_back({kafka::kReason, reason_});
  record_.headers.push_back({kafka::kRefusedBy, "bridge"});
  record_.headers.push_back({kafka::kSourceTopic, message.topic});
  if (message.payload_bytes > message.payload.size()) {
    payload_bytes_ = std::to_string(message.payload_bytes);
    record_.headers.push_back({kafka::kPayloadBytes, payload_bytes_});
  }
  return record_;
}

const Record& RecordBuilder::reply(const Reply& reply) {
  start(kafka::kCommandReplies, reply.topic, reply.payload);
  record_.headers.push_back({kafka::kContentType, "application/json"});
  add_origin(reply.sent_at);
  return record_;
}

const Record& RecordBuilder::heartbeat(std::string_view payload, std::int64_t sent_at_us) {
  key_ = bridge_key(bridge_);
  start(kafka::kAgents, key_, payload);
  record_.headers.push_back({kafka::kContentType, "application/json"});
  add_origin(sent_at_us);
  return record_;
}

}  // namespace dmp::bridge
