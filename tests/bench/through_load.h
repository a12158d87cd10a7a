// ThroughLoad: how long the messages of a load take from their publisher to a reader of Kafka. The
// same measure for any bridge, which need not know of it.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/bench/publish_load.h"

namespace dmp::bench {

struct ThroughLoad {
  double p50_ms = 0;
  double p99_ms = 0;
};

// Publishes the load; back when a reader of dmp.device-updates has seen all of it, or with an error
// if it does not come.
Result<ThroughLoad> send_through(const std::string& brokers, const PublishLoad& load);

}  // namespace dmp::bench
