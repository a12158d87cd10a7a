#include "bridge/core/progress.h"

#include <gtest/gtest.h>

namespace dmp::bridge {
namespace {

TEST(Progress, moves_on_when_the_oldest_is_done_and_takes_along_what_waited_for_it) {
  Progress progress;
  const auto first = progress.begin(0, 10);
  const auto second = progress.begin(0, 12);
  const auto other = progress.begin(1, 5);
  EXPECT_FALSE(progress.done(second));
  const auto elsewhere = progress.done(other);
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->partition, 1);
  EXPECT_EQ(elsewhere->next, 6);
  const auto both = progress.done(first);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->partition, 0);
  EXPECT_EQ(both->next, 13);
  EXPECT_EQ(progress.under_way(), 0U);
}

TEST(Progress, hears_nothing_of_what_was_under_way_before_it_was_cleared) {
  Progress progress;
  const auto old = progress.begin(0, 10);
  progress.clear();
  const auto again = progress.begin(0, 10);
  EXPECT_NE(again, old);
  EXPECT_FALSE(progress.done(old));
  EXPECT_TRUE(progress.done(again));
  EXPECT_FALSE(progress.done(again)) << "once only";
}

TEST(Progress, can_take_the_newest_back) {
  Progress progress;
  const auto first = progress.begin(0, 10);
  progress.withdraw(progress.begin(0, 11));
  EXPECT_EQ(progress.under_way(), 1U);
  EXPECT_EQ(progress.done(first)->next, 11);
}

}  // namespace
}  // namespace dmp::bridge
