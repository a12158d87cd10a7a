// KafkaResyncs: resyncs as records of dmp.device-commands, by an idempotent producer.
//
// At most kQueued wait for Kafka, each until it expires; what could not be delivered is counted.
// Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.h"
#include "registry/adapters/kafka_handles.h"
#include "registry/ports.h"

namespace dmp::registry {

class KafkaResyncs final : public ResyncSender {
 public:
  static constexpr int kQueued = 1000;

  static Result<std::unique_ptr<ResyncSender>> make(const std::string& brokers, Metrics& metrics);
  ~KafkaResyncs() override;

  Status send(const ResyncOrder& order) override;

 private:
  explicit KafkaResyncs(Metrics& metrics);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);

  Counter undelivered_;
  KafkaClient client_;
};

}  // namespace dmp::registry
