// librdkafka's statistics, as far as they are of use. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/core/flow.h"

namespace dmp::registry {

// `topics`: those whose queues are wanted. `json` is what the statistics callback gets
// (librdkafka's STATISTICS.md).
Result<Flow> parse_statistics(std::string_view json, const std::vector<std::string_view>& topics);

}  // namespace dmp::registry
