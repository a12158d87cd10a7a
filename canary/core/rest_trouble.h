// How the REST API failed those who looked there.
#pragma once

#include <cstdint>

#include "canary/core/tally.h"

namespace dmp::canary {

struct RestTrouble {
  std::int64_t failures = 0;
  Micros away{0};  // how long it did not answer, of all the time it was asked
  Reasons why;     // by reason
};

}  // namespace dmp::canary
