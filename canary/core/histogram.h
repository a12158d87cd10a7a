// LatencyHistogram: how long things took, in microseconds, in bounded memory whatever the count.
//
// The log-linear layout of HdrHistogram (Gil Tene, hdrhistogram.org): exact below 256 µs, above it
// 128 equal buckets per doubling, so a value is told at most 1/128 too high, never too low. Values
// beyond kMost (71 minutes) count as kMost, negative ones as 0. About 26 KiB. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dmp::canary {

using Micros = std::chrono::microseconds;

class LatencyHistogram {
 public:
  static constexpr std::int64_t kMost = (std::int64_t{1} << 32) - 1;

  LatencyHistogram();

  void record(Micros value);

  [[nodiscard]] std::int64_t count() const { return count_; }

  // The smallest value that so many percent of all do not exceed; 0 of an empty one.
  // REQUIRES: 0 < percent <= 100.
  [[nodiscard]] Micros percentile(double percent) const;

 private:
  static std::size_t bucket_of(std::int64_t value);
  static std::int64_t top_of(std::size_t bucket);

  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace dmp::canary
