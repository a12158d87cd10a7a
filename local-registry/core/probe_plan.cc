#include "local-registry/core/probe_plan.h"

#include <algorithm>

namespace dmp::local {

ProbePlan::ProbePlan(const ProbeLimits& limits, std::uint64_t seed)
    : limits_(limits),
      steady_({limits.interval, limits.interval, 10}, seed),
      silent_({limits.silent_first, limits.silent_most, 20}, seed) {}

SteadyTime ProbePlan::next_at() const { return running_ ? SteadyTime::max() : next_at_; }

void ProbePlan::finished(SteadyTime now, std::chrono::milliseconds delay) {
  running_ = false;
  last_done_ = now;
  next_at_ = now + (again_ ? std::min(delay, limits_.gap) : delay);
  again_ = false;
}

void ProbePlan::answered(SteadyTime now) {
  failures_ = 0;
  silent_.reset();
  finished(now, steady_.next());
}

std::chrono::milliseconds ProbePlan::failed(SteadyTime now, bool ever_answered) {
  ++failures_;
  const auto delay = !ever_answered   ? silent_.next()
                     : failures_ == 1 ? limits_.confirm
                                      : steady_.next();
  finished(now, delay);
  return std::chrono::duration_cast<std::chrono::milliseconds>(next_at_ - now);
}

void ProbePlan::postponed(SteadyTime now) { finished(now, limits_.gap); }

void ProbePlan::hurry(SteadyTime now) {
  if (running_) {
    again_ = true;
    return;
  }
  next_at_ = std::min(next_at_, std::max(now, last_done_ + limits_.gap));
}

}  // namespace dmp::local
