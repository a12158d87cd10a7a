#include "canary/core/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace dmp::canary {
namespace {

constexpr std::int64_t kExact = 256;  // values below have a bucket each
constexpr std::size_t kPerDoubling = 128;
constexpr std::size_t kDoublings = 24;  // from kExact to kMost

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(kExact + kDoublings * kPerDoubling) {}

std::size_t LatencyHistogram::bucket_of(std::int64_t value) {
  if (value < kExact) return static_cast<std::size_t>(value);
  const auto bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(value)));
  const unsigned shift = bits - 8;
  const auto within = static_cast<std::size_t>(value >> shift) - kPerDoubling;
  return kExact + (shift - 1) * kPerDoubling + within;
}

std::int64_t LatencyHistogram::top_of(std::size_t bucket) {
  if (bucket < kExact) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = (bucket - kExact) / kPerDoubling + 1;
  const std::size_t within = (bucket - kExact) % kPerDoubling + kPerDoubling;
  return (static_cast<std::int64_t>(within + 1) << shift) - 1;
}

void LatencyHistogram::record(Micros value) {
  const std::int64_t us = std::clamp<std::int64_t>(value.count(), 0, kMost);
  ++counts_[bucket_of(us)];
  ++count_;
  max_ = std::max(max_, us);
}

Micros LatencyHistogram::percentile(double percent) const {
  DMP_CHECK(percent > 0 && percent <= 100);
  if (count_ == 0) return Micros(0);
  const auto rank =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(count_) * percent / 100 - 1e-9));
  std::int64_t below = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    below += counts_[bucket];
    if (below >= rank && below > 0) return Micros(std::min(top_of(bucket), max_));
  }
  return Micros(max_);
}

}  // namespace dmp::canary
