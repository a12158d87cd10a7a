// StoredLoad: what Kafka holds of a load that a bridge moved there.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "tests/bench/publish_load.h"

namespace dmp::bench {

struct StoredLoad {
  std::int64_t lost = 0;
  std::int64_t duplicates = 0;
  std::int64_t order_breaks = 0;  // came for the first time behind a later one of its key
};

// Reads dmp.device-updates to its present end. Of `load`, numbers below from + messages count.
Result<StoredLoad> look_up(const std::string& brokers, const PublishLoad& load);

}  // namespace dmp::bench
