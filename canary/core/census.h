// What the REST list shows of the canary's devices.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace dmp::canary {

// A device's value when it was first seen: when the update was due that made it, and when the
// answer was here, both in µs of the wall clock.
struct Sighting {
  std::int64_t due_us = 0;
  std::int64_t seen_us = 0;
};

// By serial: when the update was due whose value is shown.
using Census = std::map<std::string, std::int64_t>;

}  // namespace dmp::canary
