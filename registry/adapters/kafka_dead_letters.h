// KafkaDeadLetters: dead letters on a Kafka topic, by a producer of its own.
//
// A letter is the record as it came, key and headers included, with its own headers
// (schema/topics.h) that say where it comes from and why it was refused. A letter may be
// there twice, and letters may come in another order than the records. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry/adapters/kafka_handles.h"
#include "registry/ports.h"

namespace dmp::registry {

class KafkaDeadLetters final : public DeadLetters {
 public:
  static constexpr std::int64_t kQueuedKibMax = 16384;

  static Result<std::unique_ptr<DeadLetters>> make(const std::string& brokers);
  ~KafkaDeadLetters() override;

  Status put(const std::vector<DeadLetter>& letters) override;

 private:
  explicit KafkaDeadLetters(KafkaClient client) : client_(std::move(client)) {}

  KafkaClient client_;
};

}  // namespace dmp::registry
