// Pace: whether so much comes that a loop gains by waiting for company. PacedTurns: when its turns
// begin then. Pure.
//
// A wake-up for each message costs more than moving it. But where few come they come alone, and
// waiting would only delay them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace dmp {

class Pace {
 public:
  // Between two turns while it is busy: a quarter of what a message's way to Kafka and back may
  // take (the target of `p50_ms_at_10k` of `./dmp bench bridge`).
  static constexpr std::chrono::microseconds kRest{500};
  // How long it counts before it judges: some rests, or a few that come at once would be many.
  static constexpr std::chrono::milliseconds kLook{10};
  // Messages in kLook, 2000 a second: one in each rest. Of fewer, most would wait for nobody.
  static constexpr std::uint64_t kBusy = 20;

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

class PacedTurns {
 public:
  // When the turn begins that could begin `now`: at once, but while it is busy not within kRest of
  // the one before. Never more than kRest after `now`. `moved`: messages since the start.
  SteadyTime next(SteadyTime now, std::uint64_t moved) {
    const auto rest = pace_.rest_after(now, moved);
    began_ = std::clamp<SteadyTime>(began_ + rest, now, now + rest);
    return began_;
  }

 private:
  Pace pace_;
  SteadyTime began_{};
};

}  // namespace dmp
