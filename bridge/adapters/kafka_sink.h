// KafkaSink: the Sink on librdkafka: of each Kafka topic an idempotent producer without a message
// timeout.
//
// librdkafka's choice of the next partition is unfair among those of a producer while many of them
// are idle (docs/decisions.md); of one topic with many more keys than partitions few are.
//
// librdkafka's threads write to `ready_fd` when poll() has something to say.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridge/ports.h"

namespace dmp::bridge {

struct KafkaOptions {
  std::string brokers;  // host:port, comma separated
  std::string client_id;
  int ready_fd = -1;  // an eventfd
  int queued_messages_max = 20'000;
  int queued_bytes_max = 32 * 1024 * 1024;        // of each topic; they are borrowed
  std::map<std::string, std::string> properties;  // librdkafka's own, win over ours
  // Looked up at the start. Others' first record waits until its producer has found its partitions.
  std::vector<std::string> topics = {};
};

// librdkafka's settings of a producer that loses nothing and keeps the order of each key.
std::map<std::string, std::string> producer_properties(const KafkaOptions& options);

class KafkaSink final : public Sink {
 public:
  explicit KafkaSink(KafkaOptions options);
  ~KafkaSink() override;

  bool send(std::uint64_t ticket, const Record& record) override;
  std::vector<Delivery> poll() override;
  [[nodiscard]] std::optional<Error> broken() const override { return broken_; }
  Status rebuild() override;

 private:
  struct Producer;

  // The topic's producer, made if there is none.
  Result<Producer*> producer_of(std::string_view topic);
  void hear(const std::string& topic, const Producer& producer, std::vector<Delivery>& reports);
  void end_producers();

  const KafkaOptions options_;
  std::map<std::string, std::unique_ptr<Producer>, std::less<>> producers_;  // by topic
  int queued_ = 0;  // taken by a producer, not reported
  std::optional<Error> broken_;
  std::vector<Delivery> reports_;
};

}  // namespace dmp::bridge
