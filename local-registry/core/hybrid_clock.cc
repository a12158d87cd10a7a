#include "local-registry/core/hybrid_clock.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::local {

Timestamp HybridClock::next(std::int64_t wall_us, std::int64_t count) {
  DMP_CHECK(count >= 1);
  const Timestamp first{std::max(wall_us, last_.us + 1)};
  last_.us = first.us + count - 1;
  DMP_CHECK(last_.us < kTimeLimit);
  return first;
}

void HybridClock::resync(Timestamp floor) {
  last_ = floor;
  ceiling_ = floor;
}

std::optional<Timestamp> HybridClock::uncovered() const {
  if (last_ <= ceiling_) return std::nullopt;
  return Timestamp{last_.us + kLeaseUs};
}

void HybridClock::covered(Timestamp ceiling) { ceiling_ = std::max(ceiling_, ceiling); }

}  // namespace dmp::local
