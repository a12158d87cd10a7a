#include "local-registry/core/hybrid_clock.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::local {
namespace {

TEST(HybridClock, follows_the_wall_and_never_repeats_when_it_stands_still) {
  HybridClock clock(Timestamp{0});
  EXPECT_EQ(clock.next(1000).us, 1000);
  EXPECT_EQ(clock.next(1000).us, 1001);
  EXPECT_EQ(clock.next(5).us, 1002);
  EXPECT_EQ(clock.next(5000).us, 5000);
}

TEST(HybridClock, gives_consecutive_stamps_together) {
  HybridClock clock(Timestamp{0});
  EXPECT_EQ(clock.next(1000, 2).us, 1000);
  EXPECT_EQ(clock.next(1000).us, 1002);
}

TEST(HybridClock, asks_for_one_write_per_lease) {
  HybridClock clock(Timestamp{0});
  clock.next(1000);
  const auto ceiling = clock.uncovered();
  ASSERT_TRUE(ceiling);
  EXPECT_EQ(ceiling->us, 1000 + HybridClock::kLeaseUs);
  clock.covered(*ceiling);
  clock.next(1000 + HybridClock::kLeaseUs);
  EXPECT_FALSE(clock.uncovered());
  clock.next(1001 + HybridClock::kLeaseUs);
  EXPECT_TRUE(clock.uncovered());
}

// Any history of wall clocks, writes that fail and restarts: what left never repeats nor goes back.
TEST(HybridClock, never_repeats_over_restarts_and_clock_jumps) {
  EXPECT_TRUE(rc::check([] {
    Timestamp disk{0};
    Timestamp last_sent{0};
    HybridClock clock(disk);
    const auto steps = *rc::gen::container<std::vector<std::pair<int, std::int64_t>>>(
        rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange<std::int64_t>(1, 1'000'000'000)));
    for (const auto& [what, wall] : steps) {
      if (what == 0) {
        clock = HybridClock(disk);  // killed and started again
        continue;
      }
      const Timestamp stamp = clock.next(wall, 1 + wall % 2);
      const auto ceiling = clock.uncovered();
      if (ceiling && what == 1) continue;  // the write failed: nothing leaves
      if (ceiling) {
        disk = *ceiling;
        clock.covered(disk);
      }
      RC_ASSERT(stamp > last_sent);
      last_sent = clock.last();
    }
  }));
}

}  // namespace
}  // namespace dmp::local
