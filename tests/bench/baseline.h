// Baseline: the consumer this design exists to avoid, as it was built: it pushes every record into
// an unbounded queue, stores one at a time and commits each offset. Only for the bench.
#pragma once

#include <stop_token>
#include <string>

#include "base/metrics.h"
#include "base/result.h"

namespace dmp::bench {

Status run_baseline(const std::string& brokers, const std::string& group,
                    const std::string& database, Metrics& metrics, const std::stop_token& stop);

}  // namespace dmp::bench
