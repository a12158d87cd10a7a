#include "registry/core/poison_guard.h"

#include <string>

#include <gtest/gtest.h>

namespace dmp::registry {
namespace {

constexpr SteadyTime kNow{std::chrono::hours(1)};

std::string key_of(std::size_t rae) { return "dmp/v1/rae-" + std::to_string(rae) + "/s/update"; }

// Records of `raes` RAEs in turn; those refused are of the first `refusing` RAEs.
PoisonGuard::Tally tally(std::size_t taken, std::size_t refused, std::size_t raes,
                         std::size_t refusing) {
  PoisonGuard::Tally batch;
  for (std::size_t i = 0; i < taken; ++i) batch.taken(key_of(i % raes));
  for (std::size_t i = 0; i < refused; ++i) batch.refused(key_of(i % refusing));
  return batch;
}

// Records of ten RAEs in turn; for those of the first `late` the bridge's clock seems behind.
PoisonGuard::Tally clocks(std::size_t taken, std::size_t late) {
  PoisonGuard::Tally batch;
  for (std::size_t i = 0; i < taken; ++i) {
    batch.taken(key_of(i % 10));
    if (i % 10 < late) batch.bridge_behind(key_of(i % 10));
  }
  return batch;
}

bool admits(PoisonGuard& guard, const PoisonGuard::Tally& batch, SteadyTime now) {
  if (guard.holds(batch, now)) return false;
  guard.count(batch, now);
  return true;
}

struct Case {
  const char* what;
  PoisonGuard::Tally batch;
  bool admitted;
};

TEST(PoisonGuard, holds_a_batch_of_many_bad_records_from_many_raes) {
  const Case cases[] = {
      {"nothing bad", tally(1000, 0, 10, 1), true},
      {"a few bad ones", tally(1000, 99, 10, 10), true},
      {"few, though all there are", tally(99, 99, 10, 10), true},
      {"as many as are tolerated", tally(1000, 200, 10, 10), true},
      {"one more", tally(1000, 201, 10, 10), false},
      {"all", tally(1000, 1000, 10, 10), false},
      {"the smallest that is held", tally(100, 100, 10, 10), false},
      {"of one RAE among ten", tally(1000, 1000, 10, 1), true},
      {"of two among ten: not more than 20 %", tally(1000, 1000, 10, 2), true},
      {"of three among ten", tally(1000, 1000, 10, 3), false},
      {"of the only RAE", tally(1000, 1000, 1, 1), false},
      {"the bridge's clock, by one RAE's word", clocks(1000, 1), true},
      {"by two RAEs' word", clocks(1000, 2), true},
      {"by three RAEs' word", clocks(1000, 3), false},
      {"by all RAEs' word", clocks(1000, 10), false},
      {"by all RAEs' word, but few records", clocks(99, 10), true},
  };
  for (const Case& one : cases) {
    PoisonGuard guard({});
    EXPECT_EQ(admits(guard, one.batch, kNow), one.admitted) << one.what;
  }
}

TEST(PoisonGuard, adds_up_the_batches_of_a_minute) {
  PoisonGuard guard({});
  EXPECT_TRUE(admits(guard, tally(60, 60, 3, 3), kNow));
  EXPECT_FALSE(admits(guard, tally(60, 60, 3, 3), kNow + std::chrono::seconds(50)));
  EXPECT_TRUE(admits(guard, tally(60, 60, 3, 3), kNow + std::chrono::seconds(60)))
      << "the first are forgotten";
}

TEST(PoisonGuard, what_it_held_does_not_count) {
  PoisonGuard guard({});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(admits(guard, tally(500, 500, 3, 3), kNow));
  EXPECT_TRUE(admits(guard, tally(50, 50, 3, 3), kNow));
}

TEST(PoisonGuard, good_records_before_do_not_make_a_bad_stretch_bearable_for_long) {
  PoisonGuard guard({});
  SteadyTime now = kNow;
  EXPECT_TRUE(admits(guard, tally(10'000, 0, 3, 1), now));
  EXPECT_TRUE(admits(guard, tally(1000, 1000, 3, 3), now));
  EXPECT_TRUE(admits(guard, tally(1000, 1000, 3, 3), now));
  EXPECT_FALSE(admits(guard, tally(1000, 1000, 3, 3), now)) << "3000 of 13000";
}

TEST(PoisonGuard, one_hundred_percent_never_holds) {
  PoisonGuard guard({.percent = 100});
  EXPECT_TRUE(admits(guard, tally(5000, 5000, 3, 3), kNow));
}

TEST(PoisonGuard, keys_that_are_no_topics_are_senders_by_themselves) {
  PoisonGuard::Tally batch;
  for (int i = 0; i < 1000; ++i) batch.taken(key_of(static_cast<std::size_t>(i % 10)));
  for (int i = 0; i < 300; ++i) {
    batch.taken("nonsense");
    batch.refused("nonsense");
  }
  EXPECT_FALSE(PoisonGuard({}).holds(batch, kNow)) << "one of eleven";
}

}  // namespace
}  // namespace dmp::registry
