// Now: one moment as the core sees it. `steady` measures durations, `wall_us` dates what people
// read; the wall may jump, so nothing in the core waits by it. Immutable.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "schema/facets.h"

namespace dmp::local {

struct Now {
  std::int64_t wall_us = 0;
  SteadyTime steady;

  [[nodiscard]] WallTime wall() const { return WallTime{wall_us}; }
};

}  // namespace dmp::local
