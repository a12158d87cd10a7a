// What an agent makes of the cloud's word about where it stands; and whose clock it believes.
#include "local-registry/core/resync.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "local-registry/core/cloud_time.h"
#include "local-registry/core/hybrid_clock.h"

namespace dmp::local {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;
constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear2040 = 2'209'000'000'000'000;

TEST(Resync, is_followed_only_as_far_as_it_is_needed) {
  struct Case {
    const char* what;
    Resync resync;
    std::int64_t last;
    std::int64_t will;
    ResyncStep expected;
  };
  const Case cases[] = {
      {"wiped, or a clock a day behind",
       {{kNow}, {kNow - 5}, {kNow - 9}},
       kNow - kDay,
       kNow - kDay - 3,
       ResyncStep::kRestart},
      {"just at the floor", {{kNow}, {kNow}, {kNow - 9}}, kNow, kNow - 3, ResyncStep::kRestart},
      {"just above it", {{kNow}, {kNow - 1}, {kNow - 9}}, kNow, kNow - 3, ResyncStep::kIgnore},
      {"a clock in 2040",
       {{kNow}, {kNow - 5}, {kNow - 9}},
       kYear2040,
       kYear2040 - 3,
       ResyncStep::kRestart},
      {"a clock in 2040, of whom the cloud holds nothing",
       {{kNow}, {1}, {1}},
       kYear2040,
       kYear2040 - 3,
       ResyncStep::kRestart},
      {"just an hour ahead",
       {{kNow}, {kNow}, {kNow - 9}},
       kNow + kHour,
       kNow + kHour - 3,
       ResyncStep::kIgnore},
      {"more than an hour ahead",
       {{kNow}, {kNow}, {kNow - 9}},
       kNow + kHour + 1,
       kNow,
       ResyncStep::kRestart},
      {"late: we went on since",
       {{kNow}, {kNow}, {kNow - 9}},
       kNow + 7,
       kNow - 3,
       ResyncStep::kIgnore},
      {"a presence above our Will",
       {{kNow}, {kNow - 1}, {kNow - 2}},
       kNow,
       kNow - 3,
       ResyncStep::kReconnect},
      {"a presence that is our Will",
       {{kNow}, {kNow - 1}, {kNow - 3}},
       kNow,
       kNow - 3,
       ResyncStep::kIgnore},
      {"a floor the cloud cannot hold",
       {{kNow}, {kNow + kHour + 1}, {1}},
       kNow - 5,
       kNow - 9,
       ResyncStep::kIgnore},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(step_after(c.resync, Timestamp{c.last}, Timestamp{c.will}), c.expected) << c.what;
  }
}

// Whatever the agent's clock and the cloud's floor: afterwards the cloud takes what the agent says.
TEST(Resync, leaves_every_agent_above_the_floor_and_at_most_an_hour_ahead) {
  EXPECT_TRUE(rc::check([] {
    const auto time = rc::gen::inRange<std::int64_t>(2, 4 * kDay);
    const std::int64_t sent_at = *time;
    const std::int64_t floor = *rc::gen::inRange<std::int64_t>(1, sent_at + kHour);
    const Resync resync{{sent_at}, {floor}, {*rc::gen::inRange<std::int64_t>(1, floor + 1)}};
    HybridClock clock(Timestamp{*time});
    CloudTime cloud;
    Now now{*time, {}};
    const Timestamp will = clock.next(now.wall_us);
    const ResyncStep step = step_after(resync, clock.last(), will);
    if (step == ResyncStep::kRestart) {
      cloud.heard(resync.sent_at, now.steady);
      clock.resync(resync.floor);
      now.steady += std::chrono::hours(*rc::gen::inRange(0, 5));
      now.wall_us = *time;
      RC_ASSERT(clock.next(cloud.believed(now).wall_us) > resync.floor);
      const std::int64_t cloud_us = sent_at + std::chrono::duration_cast<std::chrono::microseconds>(
                                                  now.steady.time_since_epoch())
                                                  .count();
      RC_ASSERT(clock.last().us <= cloud_us + kHour);
    } else {
      RC_ASSERT(clock.last() > resync.floor);
      RC_ASSERT(clock.last().us <= sent_at + kHour);
      RC_ASSERT(step == ResyncStep::kReconnect || will >= resync.presence);
    }
  }));
}

TEST(HybridClock, goes_back_only_by_resync_and_covers_that_on_disk_first) {
  HybridClock clock(Timestamp{kYear2040});
  EXPECT_GT(clock.next(kNow).us, kYear2040);
  clock.covered(*clock.uncovered());
  clock.resync(Timestamp{kNow});
  EXPECT_EQ(clock.next(kNow - kDay).us, kNow + 1);
  ASSERT_TRUE(clock.uncovered()) << "the ceiling of 2040 on disk would bring 2040 back";
  const Timestamp ceiling = *clock.uncovered();
  EXPECT_EQ(ceiling.us, kNow + 1 + HybridClock::kLeaseUs);
  clock.covered(ceiling);
  EXPECT_FALSE(clock.uncovered());
  EXPECT_EQ(HybridClock(ceiling).next(kNow).us, ceiling.us + 1) << "after a restart";
}

TEST(CloudTime, believes_the_wall_clock_until_the_cloud_has_spoken_and_near_it_afterwards) {
  const SteadyTime then{std::chrono::hours(3)};
  const SteadyTime later = then + std::chrono::minutes(10);
  constexpr std::int64_t kMinute = 60'000'000;
  constexpr std::int64_t kLater = kNow + 10 * kMinute;
  CloudTime cloud;
  EXPECT_EQ(cloud.believed({kYear2040, then}).wall_us, kYear2040);
  cloud.heard({kNow}, then);
  for (const auto& [wall, expected] :
       {std::pair{kLater, kLater}, std::pair{kLater + 5 * kMinute, kLater + 5 * kMinute},
        std::pair{kLater - 5 * kMinute, kLater - 5 * kMinute},
        std::pair{kLater + 5 * kMinute + 1, kLater}, std::pair{kLater - 5 * kMinute - 1, kLater},
        std::pair{kYear2040, kLater}, std::pair{kLater - kDay, kLater}}) {
    EXPECT_EQ(cloud.believed({wall, later}).wall_us, expected) << wall;
    EXPECT_EQ(cloud.believed({wall, later}).steady, later);
  }
}

}  // namespace
}  // namespace dmp::local
