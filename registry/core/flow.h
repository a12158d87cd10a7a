// Flow: what a consumer has fetched in its life, and what waits in its queues. Plain values.
#pragma once

#include <cstdint>
#include <vector>

#include "registry/core/record.h"

namespace dmp::registry {

struct QueueDepth {
  Partition partition;
  std::int64_t records = 0;
  std::int64_t bytes = 0;  // of payloads

  bool operator==(const QueueDepth&) const = default;
};

struct Flow {
  std::int64_t fetches = 0;  // requests to brokers
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t coordinator_bytes = 0;  // sent to the group's coordinator: commits and heartbeats
  bool any_broker = false;             // one is connected
  std::vector<QueueDepth> queues;

  bool operator==(const Flow&) const = default;
};

}  // namespace dmp::registry
