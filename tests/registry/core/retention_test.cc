#include "registry/core/retention.h"

#include <gtest/gtest.h>

#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kNow = 1'000'000 * kHour;
constexpr Retention kRetention{std::chrono::hours(10), 3};

std::vector<EventKey> falling(int session, const std::vector<std::int64_t>& stamps) {
  std::vector<EventKey> keys;
  for (const std::int64_t stamp : stamps) {
    keys.push_back({rae_named("rae-1"), session_number(session), {stamp}});
  }
  return keys;
}

TEST(HistoryWalk, keeps_the_newest_rows_of_each_session) {
  HistoryWalk walk(kRetention, {kNow});
  auto page = falling(2, {kNow - 1, kNow - 2, kNow - 3, kNow - 4, kNow - 5});
  const auto other = falling(1, {kNow - 1, kNow - 2, kNow - 3});
  page.insert(page.end(), other.begin(), other.end());
  const auto verdict = walk.judge(page);
  EXPECT_EQ(verdict.surplus, falling(2, {kNow - 4, kNow - 5}));
  EXPECT_TRUE(verdict.old.empty());
}

TEST(HistoryWalk, counts_a_session_on_from_page_to_page) {
  HistoryWalk walk(kRetention, {kNow});
  EXPECT_TRUE(walk.judge(falling(1, {kNow - 1, kNow - 2})).surplus.empty());
  EXPECT_EQ(walk.judge(falling(1, {kNow - 3, kNow - 4})).surplus, falling(1, {kNow - 4}));
  EXPECT_EQ(walk.judge(falling(1, {kNow - 5})).surplus, falling(1, {kNow - 5}));
}

TEST(HistoryWalk, the_same_session_number_at_another_rae_is_another_session) {
  HistoryWalk walk(kRetention, {kNow});
  walk.judge(falling(1, {kNow - 1, kNow - 2, kNow - 3}));
  EXPECT_TRUE(walk.judge({{rae_named("rae-0"), session_number(1), {kNow - 4}}}).surplus.empty());
}

TEST(HistoryWalk, suspects_what_is_stamped_before_the_limit_and_only_that) {
  HistoryWalk walk(kRetention, {kNow});
  EXPECT_EQ(walk.received_before().us, kNow - 10 * kHour);
  const auto verdict = walk.judge(falling(1, {kNow - 10 * kHour, kNow - 10 * kHour - 1}));
  EXPECT_EQ(verdict.old, falling(1, {kNow - 10 * kHour - 1}));
  EXPECT_TRUE(verdict.surplus.empty());
}

struct PurgeCase {
  const char* what;
  std::string rae;
  std::int64_t seen_at;
  std::int64_t roster_at;
  bool goes;
};

TEST(Purge, takes_what_rosters_have_left_out_for_long_and_what_the_canary_left) {
  const PurgeCase cases[] = {
      {"in the newest roster", "rae-1", 500 * kHour, 500 * kHour, false},
      {"left out just now", "rae-1", 500 * kHour, 510 * kHour, false},
      {"left out for longer", "rae-1", 500 * kHour, 510 * kHour + 1, true},
      {"its RAE is lost: years ago, yet in the last roster", "rae-1", 5, 5, false},
      {"no roster was ever heard", "rae-1", 5, 0, false},
      {"a clock that is wrong by decades compares with itself", "rae-1", 1, 9 * kHour, false},
      {"the canary's, heard within the hour", "canary-1-1", kNow - kHour, kNow, false},
      {"the canary's, an hour later", "canary-1-1", kNow - kHour - 1, kNow - kHour - 1, true},
      {"the canary's without a roster", "canary-1-1", kNow - 2 * kHour, 0, true},
  };
  for (const PurgeCase& one : cases) {
    const SessionAge session{rae_named(one.rae), session_number(1), {one.seen_at}, {one.roster_at}};
    EXPECT_EQ(to_purge({session}, kRetention, {kNow}).size(), one.goes ? 1U : 0U) << one.what;
  }
}

}  // namespace
}  // namespace dmp::registry
