#include "canary/core/tally.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

constexpr const char* kNeverBegun = "never begun";

TEST(ConnectFailures, tell_the_most_frequent_one_of_those_that_were_begun) {
  ConnectFailures failures;
  EXPECT_FALSE(failures.foremost());
  failures.add({ConnectStep::kNeverBegun, kNeverBegun});
  EXPECT_FALSE(failures.foremost());
  failures.add({ConnectStep::kReach, "Connection refused"});
  for (int i = 0; i < 2; ++i) failures.add({ConnectStep::kTls, "unknown ca"});
  for (int i = 0; i < 9; ++i) failures.add({ConnectStep::kNeverBegun, kNeverBegun});
  ASSERT_TRUE(failures.foremost());
  EXPECT_EQ(failures.foremost()->why, "unknown ca");
  EXPECT_EQ(failures.foremost()->step, ConnectStep::kTls);
  EXPECT_EQ(failures.total(), 13);
}

TEST(ConnectFailures, of_any_number_of_reasons_are_bounded_and_all_counted) {
  ConnectFailures failures;
  for (int i = 0; i < 100; ++i) failures.add({ConnectStep::kMqtt, "reason " + std::to_string(i)});
  EXPECT_EQ(failures.total(), 100);
  EXPECT_LE(failures.all().size(), 33U);
  EXPECT_TRUE(failures.foremost());
}

}  // namespace
}  // namespace dmp::canary
