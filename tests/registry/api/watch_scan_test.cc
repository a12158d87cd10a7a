#include "registry/api/watch_scan.h"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::registry::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(WatchScan, looks_back_a_little_and_now_and_then_as_far_as_a_statement_can_last) {
  WatchScan scan;
  const std::int64_t start = 1000 * kSecond;
  scan.start(start);
  const auto looks_back = [&](std::int64_t now, std::int64_t to) {
    EXPECT_EQ(scan.from(now), to);
    scan.done();
  };
  looks_back(start + kSecond / 4, start - kSecond / 2);
  looks_back(start + kSecond, start - 2 * kSecond);
  looks_back(start + 3 * kSecond / 2, start + kSecond / 2);
  looks_back(start + 3 * kSecond, start - 11 * kSecond);
  looks_back(start + 3 * kSecond + 1, start + 3 * kSecond - kSecond / 2);
  looks_back(start + 4 * kSecond, start + 3 * kSecond - 2 * kSecond);
  looks_back(start + 6 * kSecond, start + 3 * kSecond - 11 * kSecond);
}

TEST(WatchScan, bears_a_clock_that_goes_back) {
  WatchScan scan;
  scan.start(1000 * kSecond);
  EXPECT_EQ(scan.from(900 * kSecond), 900 * kSecond - 11 * kSecond);
  scan.done();
  EXPECT_EQ(scan.from(901 * kSecond), 900 * kSecond - 2 * kSecond) << "goes on from there";
}

TEST(WatchScan, a_look_that_failed_is_made_up_for) {
  WatchScan scan;
  const std::int64_t start = 1000 * kSecond;
  scan.start(start);
  scan.from(start + 60 * kSecond);  // never done
  EXPECT_EQ(scan.from(start + 61 * kSecond), start - 11 * kSecond);
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
  scan.from(100 * kSecond);
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
      const std::int64_t from = scan.from(now);
      for (const auto& [row, change] : changes) {
        if (change.ended > now || change.began < from) continue;
        if (scan.is_new(row, change.began)) ++found[row];
      }
      if (upto(5) != 0) scan.done();
    }
    now += WatchScan::kReaches.back().every.count();
    const std::int64_t from = scan.from(now);
    for (const auto& [row, change] : changes) {
      if (change.began >= from && scan.is_new(row, change.began)) ++found[row];
      RC_ASSERT(found[row] >= 1);
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
