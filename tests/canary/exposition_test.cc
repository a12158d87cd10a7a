#include "canary/core/exposition.h"

#include <gtest/gtest.h>

#include "base/metrics.h"

namespace dmp::canary {
namespace {

TEST(Exposition, reads_what_our_programs_write) {
  Metrics metrics;
  metrics.gauge("dmp_lag", "of a partition", {{"partition", "1"}}).set(7);
  metrics.gauge("dmp_lag", "of a partition", {{"partition", "2"}}).set(5.5);
  metrics.gauge("dmp_lag_seconds", "another").set(1000);
  auto seconds = metrics.histogram("dmp_took_seconds", "", {0.01, 0.1, 1}, {{"lane", "1"}});
  for (const double value : {0.005, 0.05, 0.06, 5.0}) seconds.observe(value);
  const std::string text = metrics.text();
  EXPECT_EQ(sum_of(text, "dmp_lag"), 12.5);
  EXPECT_EQ(least_of(text, "dmp_lag"), 5.5);
  EXPECT_EQ(sum_of(text, "dmp_none"), 0);
  EXPECT_EQ(least_of(text, "dmp_none"), std::nullopt);
  const Buckets buckets = buckets_of(text, "dmp_took_seconds");
  ASSERT_EQ(buckets.size(), 4U);
  EXPECT_EQ(buckets.at(0.1), 3);
  EXPECT_EQ(quantile(buckets, 50), 0.1);
  EXPECT_EQ(quantile(buckets, 99), 1) << "beyond the last bound: that bound";
}

TEST(Exposition, tells_what_was_counted_between_two_readings) {
  const Buckets before = {{0.1, 5}, {1, 10}};
  EXPECT_EQ(since(before, {{0.1, 5}, {1, 14}}), (Buckets{{0.1, 0}, {1, 4}}));
  EXPECT_EQ(since(before, {{0.1, 2}, {1, 3}}), (Buckets{{0.1, 2}, {1, 3}})) << "a restart";
}

TEST(Exposition, takes_any_text) {
  for (const char* text : {"", "\n\n", "dmp_lag", "dmp_lag{", "dmp_lag{a=\"1\"", "dmp_lag ",
                           "dmp_lag{} x", "dmp_took_seconds_bucket{} 4"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(sum_of(text, "dmp_lag"), 0);
    EXPECT_TRUE(buckets_of(text, "dmp_took_seconds").empty());
  }
  EXPECT_EQ(quantile({}, 99), 0);
}

}  // namespace
}  // namespace dmp::canary
