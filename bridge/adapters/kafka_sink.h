// KafkaSink: the Sink on librdkafka, an idempotent producer without a message timeout.
//
// librdkafka's threads write to `ready_fd` when poll() has something to say.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bridge/ports.h"

namespace dmp::bridge {

struct KafkaOptions {
  std::string brokers;  // host:port, comma separated
  std::string client_id;
  int ready_fd = -1;  // an eventfd
  int queued_messages_max = 20'000;
  int queued_bytes_max = 32 * 1024 * 1024;
  std::map<std::string, std::string> properties;  // librdkafka's own, win over ours
  // Looked up at the start. Records of others wait until their first one has found its partitions.
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

  const KafkaOptions options_;
  std::unique_ptr<Producer> producer_;
  std::optional<Error> broken_;
  std::vector<Delivery> reports_;
};

}  // namespace dmp::bridge
