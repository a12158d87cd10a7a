#include "base/pace.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kNone{0};
constexpr SteadyTime kStart{std::chrono::hours(1)};

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
  SteadyTime now = kStart;
  std::uint64_t moved = 0;
  EXPECT_EQ(after(pace, now, moved, milliseconds(50), 1), kNone);
  EXPECT_EQ(after(pace, now, moved, 2 * Pace::kLook, 10), Pace::kRest);
  EXPECT_EQ(after(pace, now, moved, 2 * Pace::kLook, 1), kNone);
}

TEST(Pace, delays_nothing_that_comes_after_a_silence) {
  Pace pace;
  SteadyTime now = kStart;
  std::uint64_t moved = 0;
  after(pace, now, moved, 2 * Pace::kLook, 10);
  now += std::chrono::hours(1);
  EXPECT_EQ(pace.rest_after(now, moved + 5), kNone);
}

// At `now` it is busy, and a turn has just begun.
void make_busy(PacedTurns& turns, SteadyTime now) {
  turns.next(now - 2 * Pace::kLook, 0);
  EXPECT_EQ(turns.next(now, 2 * Pace::kBusy), now);
}

TEST(PacedTurns, begin_a_rest_apart_while_much_comes_and_late_only_by_what_is_left_of_it) {
  const std::vector<std::pair<microseconds, microseconds>> since_the_last_and_late = {
      {kNone, Pace::kRest},
      {Pace::kRest / 4, Pace::kRest * 3 / 4},
      {Pace::kRest - microseconds(1), microseconds(1)},
      {Pace::kRest, kNone},
      {Pace::kRest * 5, kNone},
  };
  for (const auto& [since, late] : since_the_last_and_late) {
    PacedTurns turns;
    make_busy(turns, kStart);
    const SteadyTime now = kStart + since;
    EXPECT_EQ(turns.next(now, 2 * Pace::kBusy), now + late) << since.count() << " us";
  }
}

TEST(PacedTurns, count_the_rest_from_when_a_turn_began_not_from_when_it_could) {
  PacedTurns turns;
  make_busy(turns, kStart);
  EXPECT_EQ(turns.next(kStart, 2 * Pace::kBusy), kStart + Pace::kRest);
  EXPECT_EQ(turns.next(kStart + Pace::kRest, 2 * Pace::kBusy), kStart + 2 * Pace::kRest);
}

TEST(PacedTurns, begin_at_once_while_little_comes_however_close_together) {
  PacedTurns turns;
  SteadyTime now = kStart;
  std::uint64_t moved = 0;
  turns.next(now, moved);
  for (int turn = 0; turn < 1000; ++turn) {
    now += microseconds(100);
    if (turn % 6 == 0) ++moved;  // 1667 a second
    EXPECT_EQ(turns.next(now, moved), now);
  }
}

TEST(PacedTurns, begin_never_before_they_could_and_never_more_than_a_rest_after) {
  EXPECT_TRUE(rc::check("whatever the clock says and whatever comes", [] {
    PacedTurns turns;
    SteadyTime now = kStart;
    std::uint64_t moved = 0;
    for (int turn = 0; turn < 100; ++turn) {
      now += microseconds(*rc::gen::inRange(-5'000, 20'000));
      moved += *rc::gen::inRange<std::uint64_t>(0, 100);
      const SteadyTime begin = turns.next(now, moved);
      RC_ASSERT(begin >= now);
      RC_ASSERT(begin <= now + Pace::kRest);
    }
  }));
}

}  // namespace
}  // namespace dmp
