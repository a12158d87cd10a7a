// UpdatesReader: the records of dmp.device-updates, all partitions at once, without a group.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "bridge/adapters/kafka_handles.h"

namespace dmp::bench {

class UpdatesReader {
 public:
  enum class From { kBeginning, kEnd };  // kEnd: what is stored after open() has returned

  static Result<UpdatesReader> open(const std::string& brokers, From from);

  // The next record, or the end of a partition as error __PARTITION_EOF; null if neither came.
  bridge::KafkaMessage next(int patience_ms) {
    return bridge::KafkaMessage(rd_kafka_consumer_poll(client_.get(), patience_ms));
  }
  [[nodiscard]] int partitions() const { return partitions_; }

 private:
  using Client = std::unique_ptr<rd_kafka_t, bridge::KafkaDelete<rd_kafka_destroy>>;

  explicit UpdatesReader(Client client) : client_(std::move(client)) {}
  Status assign(From from);

  Client client_;
  int partitions_ = 0;
};

}  // namespace dmp::bench
