// KafkaLaneQueue: the partition queues of one lane.
//
// Owner of the queue handles: the loop thread adds and clears them, the lane takes from them. A
// message points into the response it came with, so it is copied and given back at once.
// The class is thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <vector>

#include "registry/adapters/kafka_handles.h"
#include "registry/core/record.h"

namespace dmp::registry {

class KafkaLaneQueue {
 public:
  KafkaLaneQueue();
  ~KafkaLaneQueue();
  KafkaLaneQueue(const KafkaLaneQueue&) = delete;
  KafkaLaneQueue& operator=(const KafkaLaneQueue&) = delete;

  void add(const Partition& partition, KafkaQueue queue);
  void clear();

  std::vector<Record> take(Credit credit, std::chrono::milliseconds patience);

 private:
  struct Source {
    Partition partition;
    KafkaQueue queue;
  };

  void wait(std::chrono::milliseconds patience);

  const int wake_fd_;  // an eventfd that a queue writes to when it stops being empty
  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  std::vector<Source> sources_;
  std::size_t first_ = 0;  // where the next take begins, so that no partition starves
  bool more_ = false;      // the last take left something behind
};

}  // namespace dmp::registry
