// Feed: the same statements as the registry's, fed from memory: what the database costs alone.
#pragma once

#include <string>

#include "base/result.h"
#include "registry/core/record.h"
#include "tests/bench/load.h"

namespace dmp::bench {

// On so many connections, each with sessions of its own, in batches of `batch` records. Returns the
// CPU seconds spent on writing: making the rows does not count.
Result<double> feed(const std::string& database, const Load& load, std::size_t connections,
                    std::size_t batch);

}  // namespace dmp::bench
