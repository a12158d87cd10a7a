// Fill: the load as records of dmp.device-updates, as a bridge writes them.
#pragma once

#include <stop_token>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "tests/bench/load.h"

namespace dmp::bench {

// Returns when Kafka has all of it, or what there was of it when it was stopped. `from`: number of
// the first record. `per_second`: 0 for as fast as Kafka takes them. `metrics` counts them.
Status fill(const std::string& brokers, const Load& load, std::int64_t from,
            std::int64_t per_second, Metrics& metrics, const std::stop_token& stop);

}  // namespace dmp::bench
