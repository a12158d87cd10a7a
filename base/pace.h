// Pace: whether so much comes that a loop gains by waiting for company. Pure.
//
// A wake-up for each message costs more than moving it. But where few come they come alone, and
// waiting would only delay them.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace dmp {

class Pace {
 public:
  static constexpr std::chrono::milliseconds kLook{10};
  static constexpr std::uint64_t kBusy = 20;  // messages in kLook: 2000 a second
  // Between two turns while it is busy.
  static constexpr std::chrono::microseconds kRest{1000};

  // `moved`: messages since the start.
  std::chrono::microseconds rest_after(SteadyTime now, std::uint64_t moved) {
    const auto took = now - began_;
    if (took >= kLook) {
      is_busy_ = (moved - moved_before_) * kLook >= kBusy * took;
      began_ = now;
      moved_before_ = moved;
    }
    return is_busy_ ? kRest : std::chrono::microseconds(0);
  }

 private:
  SteadyTime began_{};
  std::uint64_t moved_before_ = 0;
  bool is_busy_ = false;
};

}  // namespace dmp
