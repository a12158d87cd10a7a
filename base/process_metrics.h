// What the system says of this process, under the names that Prometheus' own libraries use.
#pragma once

#include <string>

namespace dmp {

// In the Prometheus text format, read from /proc now; without what cannot be read.
std::string process_metrics();

}  // namespace dmp
