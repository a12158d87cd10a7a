// Fill: the load as records of dmp.device-updates, as a bridge writes them.
#pragma once

#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "tests/bench/load.h"

namespace dmp::bench {

// Returns when Kafka has all of it. `from`: number of the first record. `per_second`: 0 for as fast
// as Kafka takes them. `metrics` counts them.
Status fill(const std::string& brokers, const Load& load, std::int64_t from,
            std::int64_t per_second, Metrics& metrics);

}  // namespace dmp::bench
