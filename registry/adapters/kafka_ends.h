// KafkaEnds: where partitions end, also those whose fetching stands still.
//
// librdkafka learns the end of a partition from what it fetches. While the database is away the
// queues are full, nothing is fetched, and a lag made of that would stand still with them; so Kafka
// is asked from time to time.
// watch, look: loop thread. of: thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "registry/adapters/kafka_handles.h"
#include "registry/core/record.h"

namespace dmp::registry {

class KafkaEnds {
 public:
  // From now on these, by topic and partition; an empty list: none.
  void watch(const rd_kafka_topic_partition_list_t& partitions);

  // Asks if the last time is 5 s ago; waits for the answer, at most 0.3 s.
  void look(rd_kafka_t* client);

  // The offset behind the newest record, if known.
  [[nodiscard]] std::optional<std::int64_t> of(rd_kafka_t* client,
                                               const Partition& partition) const;

 private:
  KafkaPartitions watched_;
  std::chrono::steady_clock::time_point next_look_{};

  mutable std::mutex mutex_;
  // Protected by mutex_. Keys: topic and number.
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> asked_;
};

}  // namespace dmp::registry
