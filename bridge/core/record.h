// Record: what the bridge writes to Kafka, as views; and how it is made from a message. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridge/core/away.h"
#include "bridge/core/message.h"

namespace dmp::bridge {

struct Header {
  std::string_view name;
  std::string_view value;

  bool operator==(const Header&) const = default;
};

struct Record {
  std::string_view topic;
  std::string_view key;
  std::string_view payload;
  std::vector<Header> headers;
};

// Builds one Record at a time: each is valid until the next call, and as long as the message.
class RecordBuilder {
 public:
  explicit RecordBuilder(std::string bridge) : bridge_(std::move(bridge)) {}

  // The payload byte for byte, keyed by MQTT topic; headers: the user properties, content type,
  // when and by which bridge it was received.
  const Record& record(const Message& message, std::string_view kafka_topic);

  // The same with why it was refused, and its full size if the payload is cut.
  const Record& dead_letter(const Message& message, const Error& refusal);

  // What the bridge itself answers; valid as long as the reply.
  const Record& reply(const Reply& reply);

  // Key "bridge/NAME". The payload must live as long as the record is used.
  const Record& heartbeat(std::string_view payload, std::int64_t sent_at_us);

 private:
  void start(std::string_view topic, std::string_view key, std::string_view payload);
  void add_headers_of(const Message& message);
  void add_origin(std::int64_t received_at_us);

  const std::string bridge_;
  std::string key_;
  std::string received_at_;
  std::string payload_bytes_;
  std::string code_;
  std::string reason_;
  Record record_;
};

}  // namespace dmp::bridge
