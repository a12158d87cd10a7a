#include "bridge/core/echo.h"

#include <algorithm>

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
  EXPECT_TRUE(echo.take_due(kStart + seconds(21)));
  EXPECT_FALSE(echo.returned(*number, kStart + seconds(20)));
  EXPECT_TRUE(echo.is_deaf(kStart + seconds(32))) << "it was queued for us then";
}

TEST(Echo, hears_one_that_is_back_after_the_next_was_sent) {
  Echo echo;
  echo.begin(kStart);
  const auto late = echo.take_due(kStart);
  echo.take_due(kStart + Echo::kEvery);
  EXPECT_FALSE(echo.returned(*late, kStart + seconds(20))) << "how long the newest takes is open";
  EXPECT_FALSE(echo.is_deaf(kStart + seconds(50)));
  EXPECT_TRUE(echo.is_deaf(kStart + seconds(51)));
}

TEST(Echo, calls_itself_deaf_when_nothing_has_come_for_long) {
  Echo echo;
  echo.begin(kStart);
  EXPECT_FALSE(echo.is_deaf(kStart + 2 * Echo::kSilence)) << "it has not asked";
  echo.take_due(kStart);
  EXPECT_FALSE(echo.is_deaf(kStart + Echo::kSilence));
  EXPECT_TRUE(echo.is_deaf(kStart + Echo::kSilence + milliseconds(1)));
  echo.end();
  EXPECT_FALSE(echo.is_deaf(kStart + 2 * Echo::kSilence)) << "there is nothing to hear";
}

// As the broker may end the connection for it.
TEST(Echo, asks_less_often_after_each_connection_that_ended_with_one_on_its_way) {
  Echo echo;
  SteadyTime now = kStart;
  for (int lost = 0; lost < 10; ++lost) {
    echo.begin(now);
    const auto wait = *echo.next_due() - now;
    EXPECT_EQ(wait, lost == 0 ? seconds(0) : Echo::kEvery * (1 << std::min(lost, Echo::kLostMax)));
    now += wait;
    EXPECT_EQ(echo.is_deaf(now), lost > 1) << "it hears nothing and may not ask";
    EXPECT_TRUE(echo.take_due(now));
    echo.end();
  }
  echo.begin(now);
  now = *echo.next_due();
  EXPECT_TRUE(echo.returned(*echo.take_due(now), now));
  echo.end();
  echo.begin(now);
  EXPECT_EQ(echo.next_due(), now) << "all is well again";
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
