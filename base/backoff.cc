#include "base/backoff.h"

#include <algorithm>

#include "base/check.h"

namespace dmp {
namespace {

// splitmix64 (Steele, Lea, Flood 2014): a seed is enough, no state worth hiding.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Backoff::Backoff(BackoffLimits limits, std::uint64_t seed) : limits_(limits), random_(seed) {
  DMP_CHECK(limits.first.count() > 0 && limits.most >= limits.first);
  DMP_CHECK(limits.jitter_percent >= 0 && limits.jitter_percent <= 100);
}

std::chrono::milliseconds Backoff::next() {
  const int doublings = std::min(failures_, 40);
  ++failures_;
  auto delay = limits_.first;
  for (int i = 0; i < doublings && delay < limits_.most; ++i) delay *= 2;
  delay = std::min(delay, limits_.most);
  const std::int64_t spread = delay.count() * limits_.jitter_percent / 100;
  if (spread == 0) return delay;
  const auto width = static_cast<std::uint64_t>(2 * spread + 1);
  const auto offset = static_cast<std::int64_t>(next_random(random_) % width) - spread;
  return delay + std::chrono::milliseconds(offset);
}

}  // namespace dmp
