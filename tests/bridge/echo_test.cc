#include "bridge/core/echo.h"

#include <gtest/gtest.h>

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart{std::chrono::hours(1)};

TEST(Echo, is_asked_for_at_once_and_then_every_ten_seconds) {
  Echo echo;
  EXPECT_FALSE(echo.take_due(kStart)) << "not connected";
  EXPECT_FALSE(echo.next_due());
  echo.begin(kStart);
  EXPECT_EQ(echo.take_due(kStart), 1U);
  EXPECT_FALSE(echo.take_due(kStart));
  EXPECT_EQ(echo.next_due(), kStart + Echo::kEvery);
  EXPECT_EQ(echo.take_due(kStart + Echo::kEvery), 2U);
}

TEST(Echo, tells_how_long_the_last_one_took_once) {
  Echo echo;
  echo.begin(kStart);
  const auto number = echo.take_due(kStart);
  ASSERT_TRUE(number);
  EXPECT_EQ(echo.returned(*number, kStart + milliseconds(5)), milliseconds(5));
  EXPECT_FALSE(echo.returned(*number, kStart + milliseconds(6)));
}

TEST(Echo, knows_none_of_an_earlier_connection) {
  Echo echo;
  echo.begin(kStart);
  const auto number = echo.take_due(kStart);
  echo.end();
  echo.begin(kStart + seconds(1));
  EXPECT_FALSE(echo.returned(*number, kStart + seconds(1)));
}

TEST(Echo, calls_itself_deaf_when_nothing_has_come_for_long) {
  Echo echo;
  echo.begin(kStart);
  EXPECT_FALSE(echo.is_deaf(kStart + Echo::kSilence));
  EXPECT_TRUE(echo.is_deaf(kStart + Echo::kSilence + milliseconds(1)));
  echo.end();
  EXPECT_FALSE(echo.is_deaf(kStart + 2 * Echo::kSilence)) << "there is nothing to hear";
}

TEST(Echo, is_not_deaf_while_anything_comes) {
  Echo echo;
  echo.begin(kStart);
  const auto number = echo.take_due(kStart + seconds(20));
  echo.heard(kStart + seconds(25));
  EXPECT_FALSE(echo.is_deaf(kStart + seconds(55)));
  EXPECT_TRUE(echo.is_deaf(kStart + seconds(56)));
  EXPECT_EQ(echo.returned(*number, kStart + seconds(60)), seconds(40));
  EXPECT_FALSE(echo.is_deaf(kStart + seconds(90)));
}

}  // namespace
}  // namespace dmp::bridge
