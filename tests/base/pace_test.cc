#include "base/pace.h"

#include <gtest/gtest.h>

namespace dmp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kNone{0};

// Turns every millisecond for `time`, with so many messages each; the rest after the last.
microseconds after(Pace& pace, SteadyTime& now, std::uint64_t& moved, milliseconds time,
                   std::uint64_t each) {
  microseconds rest = kNone;
  for (auto left = time; left.count() > 0; left -= milliseconds(1)) {
    now += milliseconds(1);
    moved += each;
    rest = pace.rest_after(now, moved);
  }
  return rest;
}

TEST(Pace, rests_while_much_comes_and_soon_no_more_after_it) {
  Pace pace;
  SteadyTime now{std::chrono::hours(1)};
  std::uint64_t moved = 0;
  EXPECT_EQ(after(pace, now, moved, milliseconds(50), 1), kNone);
  EXPECT_EQ(after(pace, now, moved, 2 * Pace::kLook, 10), Pace::kRest);
  EXPECT_EQ(after(pace, now, moved, 2 * Pace::kLook, 1), kNone);
}

TEST(Pace, delays_nothing_that_comes_after_a_silence) {
  Pace pace;
  SteadyTime now{std::chrono::hours(1)};
  std::uint64_t moved = 0;
  after(pace, now, moved, 2 * Pace::kLook, 10);
  now += std::chrono::hours(1);
  EXPECT_EQ(pace.rest_after(now, moved + 5), kNone);
}

}  // namespace
}  // namespace dmp
