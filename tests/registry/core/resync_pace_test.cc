#include "registry/core/resync_pace.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

using std::chrono::seconds;

constexpr WallTime kWall{1'700'000'000'000'000};
const SteadyTime kStart{std::chrono::hours(1)};

Sender heard(const std::string& rae, std::int64_t ago_us = 0) {
  return {rae_named(rae), "bridge-1", {kWall.us - ago_us}};
}

TEST(Sender, is_who_the_record_comes_from) {
  const auto sender =
      sender_of(presence_record(rae_named("rae-1"), 5, AgentStatus::kOnline, kWall.us));
  ASSERT_TRUE(sender);
  EXPECT_EQ(*sender, heard("rae-1"));
  Record nobody;
  nobody.key = "bridge/bridge-1";
  EXPECT_FALSE(sender_of(nobody));
}

TEST(ResyncPace, tells_a_rae_once_a_minute) {
  ResyncPace pace;
  EXPECT_EQ(pace.due({heard("rae-1"), heard("rae-1"), heard("rae-2")}, kWall, kStart).size(), 2U);
  EXPECT_TRUE(pace.due({heard("rae-1")}, kWall, kStart + seconds(54)).empty());
  EXPECT_EQ(pace.due({heard("rae-1")}, kWall, kStart + ResyncPace::kEvery).size(), 1U);
  EXPECT_TRUE(pace.due({heard("rae-1")}, kWall, kStart + seconds(61)).empty());
}

TEST(ResyncPace, says_nothing_about_what_comes_from_a_backlog_or_a_replay) {
  constexpr std::int64_t kTwoMinutes = 120'000'000;
  ResyncPace pace;
  EXPECT_TRUE(pace.due({heard("rae-1", kTwoMinutes + 1)}, kWall, kStart).empty());
  EXPECT_EQ(pace.due({heard("rae-1", kTwoMinutes)}, kWall, kStart).size(), 1U);
  EXPECT_EQ(pace.due({heard("rae-2", -kTwoMinutes)}, kWall, kStart).size(), 1U)
      << "the bridge's clock may be ahead of ours";
}

TEST(ResyncPace, is_bounded_at_once_and_in_a_minute) {
  ResyncPace pace;
  std::vector<Sender> all;
  for (std::size_t i = 0; i < ResyncPace::kRaesMax + 100; ++i) {
    all.push_back(heard("rae-" + std::to_string(i)));
  }
  std::size_t told = 0;
  for (std::size_t at = 0; at < all.size(); at += ResyncPace::kAtOnce) {
    const std::size_t end = std::min(at + 2 * ResyncPace::kAtOnce, all.size());
    const std::vector<Sender> some(all.begin() + static_cast<std::ptrdiff_t>(at),
                                   all.begin() + static_cast<std::ptrdiff_t>(end));
    const auto due = pace.due(some, kWall, kStart);
    EXPECT_LE(due.size(), ResyncPace::kAtOnce);
    told += due.size();
  }
  EXPECT_EQ(told, ResyncPace::kRaesMax);
  EXPECT_EQ(pace.due({all.back()}, kWall, kStart + ResyncPace::kEvery).size(), 1U) << "room again";
}

TEST(ResyncPace, never_tells_a_rae_twice_within_a_minute) {
  EXPECT_TRUE(rc::check([] {
    ResyncPace pace;
    std::map<std::string, SteadyTime> told;
    SteadyTime now = kStart;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange(0, 40)));
    for (const auto& [rae, wait] : steps) {
      now += seconds(wait);
      const std::string name = "rae-" + std::to_string(rae);
      const bool is_due = !pace.due({heard(name)}, kWall, now).empty();
      const bool may = !told.contains(name) || now - told[name] >= ResyncPace::kEvery;
      RC_ASSERT(is_due == may);
      if (is_due) told[name] = now;
    }
  }));
}

}  // namespace
}  // namespace dmp::registry
