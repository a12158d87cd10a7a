// CloudTime: how far the wall clock of this RAE can be believed.
//
// Until the cloud has told its time, entirely. From then on only within kTolerance of it; else the
// cloud's time goes on by the steady clock. Owned by the agent's loop. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "local-registry/core/now.h"

namespace dmp::local {

class CloudTime {
 public:
  static constexpr std::chrono::microseconds kTolerance = std::chrono::minutes(5);

  // The cloud said `sent_at` at about `now`.
  void heard(WallTime sent_at, SteadyTime now) { heard_ = Heard{sent_at, now}; }

  // `now`, with a wall clock to be believed.
  [[nodiscard]] Now believed(Now now) const {
    if (!heard_) return now;
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(now.steady - heard_->at);
    const std::int64_t cloud_us = heard_->sent_at.us + passed.count();
    if (std::abs(now.wall_us - cloud_us) > kTolerance.count()) now.wall_us = cloud_us;
    return now;
  }

 private:
  struct Heard {
    WallTime sent_at;
    SteadyTime at;
  };
  std::optional<Heard> heard_;
};

}  // namespace dmp::local
