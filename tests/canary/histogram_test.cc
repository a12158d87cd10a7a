#include "canary/core/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::canary {
namespace {

Micros exact_percentile(std::vector<std::int64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const auto rank = std::ceil(static_cast<double>(values.size()) * percent / 100 - 1e-9);
  return Micros(values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
}

TEST(LatencyHistogram, tells_percentiles_at_most_a_128th_too_high_and_never_too_low) {
  EXPECT_TRUE(rc::check("percentiles", [] {
    const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, LatencyHistogram::kMost)));
    LatencyHistogram histogram;
    for (const std::int64_t value : values) histogram.record(Micros(value));
    for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const auto exact = static_cast<double>(exact_percentile(values, percent).count());
      const auto told = static_cast<double>(histogram.percentile(percent).count());
      RC_ASSERT(told >= exact);
      RC_ASSERT(told <= exact * (1 + 1.0 / 128));
    }
  }));
}

TEST(LatencyHistogram, of_nothing_says_0) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.percentile(99), Micros(0));
}

TEST(LatencyHistogram, takes_what_is_beyond_its_bounds_as_its_bounds) {
  LatencyHistogram histogram;
  histogram.record(Micros(-7));
  histogram.record(Micros(LatencyHistogram::kMost) * 3);
  EXPECT_EQ(histogram.percentile(50), Micros(0));
  EXPECT_EQ(histogram.percentile(100), Micros(LatencyHistogram::kMost));
}

}  // namespace
}  // namespace dmp::canary
