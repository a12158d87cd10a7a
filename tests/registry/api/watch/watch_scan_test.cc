#include "registry/api/watch/watch_scan.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::registry::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// Whether a look is at a change of this time.
bool is_at(const std::vector<WatchScan::Stretch>& look, std::int64_t changed_us) {
  return std::any_of(look.begin(), look.end(), [&](const WatchScan::Stretch& stretch) {
    return stretch.from_us <= changed_us && changed_us <= stretch.to_us;
  });
}

TEST(WatchScan, looks_back_a_little_and_again_at_what_has_grown_old) {
  WatchScan scan;
  const std::int64_t start = 1000 * kSecond;
  scan.start(start);
  const auto soon = scan.look(start + kSecond / 4);
  ASSERT_EQ(soon.size(), 1u);
  EXPECT_EQ(soon.front().from_us, start - kSecond / 2);
  EXPECT_TRUE(is_at(soon, start + kSecond / 4 + kSecond / 2)) << "clocks of a cluster differ";
  scan.done();
  const auto later = scan.look(start + kSecond / 2);
  ASSERT_EQ(later.size(), 4u);
  EXPECT_EQ(later.front().from_us, start + kSecond / 4 - kSecond / 2);
  for (const std::int64_t lag : {2, 5, 11}) {
    EXPECT_TRUE(is_at(later, start - lag * kSecond)) << lag;
    EXPECT_TRUE(is_at(later, start - lag * kSecond + kSecond / 2)) << lag;
    EXPECT_FALSE(is_at(later, start - lag * kSecond - 1)) << lag;
    EXPECT_FALSE(is_at(later, start - lag * kSecond + kSecond / 2 + 1)) << lag;
  }
  scan.done();
  EXPECT_EQ(scan.look(start + kSecond / 2 + 1).size(), 1u);
}

TEST(WatchScan, looks_at_everything_when_the_clock_was_set_back_and_goes_on_from_there) {
  WatchScan scan;
  scan.start(1000 * kSecond);
  EXPECT_TRUE(is_at(scan.look(900 * kSecond), 889 * kSecond));
  scan.done();
  const auto next = scan.look(901 * kSecond);
  EXPECT_EQ(next.front().from_us, 900 * kSecond - kSecond / 2);
  EXPECT_EQ(next.size(), 4u);
}

TEST(WatchScan, a_look_that_failed_is_made_up_for) {
  WatchScan scan;
  const std::int64_t start = 1000 * kSecond;
  scan.start(start);
  scan.look(start + 60 * kSecond);  // never done
  const auto next = scan.look(start + 61 * kSecond);
  for (std::int64_t at = start - 11 * kSecond; at < start + 61 * kSecond; at += kSecond) {
    EXPECT_TRUE(is_at(next, at)) << at;
  }
}

TEST(WatchScan, a_change_is_new_once_and_again_when_it_changes) {
  WatchScan scan;
  EXPECT_TRUE(scan.is_new("a", 5));
  EXPECT_FALSE(scan.is_new("a", 5));
  EXPECT_TRUE(scan.is_new("a", 4));  // waited for the other one's lock
  EXPECT_TRUE(scan.is_new("b", 5));
}

TEST(WatchScan, remembers_no_more_than_its_bound_and_the_overlap) {
  WatchScan scan;
  scan.start(0);
  for (int i = 0; i < 300'000; ++i) scan.is_new(std::to_string(i), 0);
  EXPECT_LE(scan.seen(), WatchScan::kSeenMax);
  scan.look(100 * kSecond);
  scan.done();
  EXPECT_EQ(scan.seen(), 0u);
}

TEST(WatchScan, forgets_what_only_long_looks_see_again_before_what_every_look_does) {
  WatchScan scan;
  scan.start(100 * kSecond);
  for (std::size_t i = 0; i < WatchScan::kSeenMax - 1; ++i) {
    scan.is_new("old " + std::to_string(i), 95 * kSecond);
  }
  EXPECT_TRUE(scan.is_new("recent", 100 * kSecond));
  EXPECT_TRUE(scan.is_new("one too many", 100 * kSecond));
  EXPECT_FALSE(scan.is_new("recent", 100 * kSecond));
  EXPECT_TRUE(scan.is_new("old 1", 95 * kSecond));
}

// Statements of any length up to the timeout, looks at any time: each change is found.
TEST(WatchScan, no_change_is_missed) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937_64 random(*rc::gen::arbitrary<unsigned>());
    const auto upto = [&](std::int64_t most) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
    };
    struct Change {
      std::int64_t began;
      std::int64_t ended;
    };
    std::int64_t now = 1000 * kSecond;
    const std::int64_t start = now;
    std::map<std::string, Change> changes;
    for (int i = 0; i < 60; ++i) {
      const std::int64_t began = start + upto(30 * kSecond);
      const std::int64_t most = upto(2) == 0 ? kSecond / 10 : WatchScan::kStatementTimeout.count();
      changes["row " + std::to_string(i)] = {began, began + upto(most)};
    }
    WatchScan scan;
    scan.start(start);
    std::map<std::string, int> found;
    while (now < start + 60 * kSecond) {
      now += 1 + upto(upto(10) == 0 ? 5 * kSecond : kSecond / 2);
      const auto look = scan.look(now);
      for (const auto& [row, change] : changes) {
        if (change.ended > now || !is_at(look, change.began)) continue;
        if (scan.is_new(row, change.began)) ++found[row];
      }
      if (upto(5) != 0) scan.done();
    }
    // Beyond the last lag of the newest change.
    const auto look = scan.look(now + 2 * kSecond);
    for (const auto& [row, change] : changes) {
      if (is_at(look, change.began) && scan.is_new(row, change.began)) ++found[row];
      RC_ASSERT(found[row] >= 1);
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
