// ProbePlan: when one device is probed next. Owned by its session. Pure.
//
// The first probe goes at once. A device that answers is asked again every `interval`; one that
// never answered less and less often; one that stopped answering soon once, then as usual.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/backoff.h"
#include "base/clock.h"

namespace dmp::local {

struct ProbeLimits {
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds confirm{2'000};        // after the first miss
  std::chrono::milliseconds gap{3'000};            // least time between two probes on demand
  std::chrono::milliseconds silent_first{10'000};  // never answered: doubling from here
  std::chrono::milliseconds silent_most{300'000};
};

class ProbePlan {
 public:
  ProbePlan(const ProbeLimits& limits, std::uint64_t seed);

  [[nodiscard]] bool due(SteadyTime now) const { return !running_ && now >= next_at_; }
  [[nodiscard]] SteadyTime next_at() const;
  [[nodiscard]] int failures() const { return failures_; }

  void started() { running_ = true; }
  void answered(SteadyTime now);
  // How long until the next try.
  std::chrono::milliseconds failed(SteadyTime now, bool ever_answered);
  // The probe was not made after all: neither an answer nor a miss. Again after `gap`.
  void postponed(SteadyTime now);
  // There is news about the device: ask soon, but not more often than `gap`.
  void hurry(SteadyTime now);

 private:
  void finished(SteadyTime now, std::chrono::milliseconds delay);

  ProbeLimits limits_;
  Backoff steady_;
  Backoff silent_;
  SteadyTime next_at_{};  // the epoch: at once
  SteadyTime last_done_{};
  bool running_ = false;
  bool again_ = false;  // news came while a probe was under way
  int failures_ = 0;
};

}  // namespace dmp::local
