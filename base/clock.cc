#include "base/clock.h"

namespace dmp {

std::int64_t SystemClock::wall_us() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

}  // namespace dmp
