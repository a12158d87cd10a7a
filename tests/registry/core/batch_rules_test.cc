// What is committed, what an error means, who is to blame, who works where.
#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/core/bisect.h"
#include "registry/core/lane_share.h"
#include "registry/core/offset_tracker.h"
#include "registry/core/sqlstate.h"

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;

constexpr Partition kOne{kafka::kDeviceUpdates, 1};
constexpr Partition kTwo{kafka::kDeviceUpdates, 2};

SteadyTime at(int ms) { return SteadyTime(milliseconds(1'000'000 + ms)); }

using Offsets = std::vector<PartitionOffset>;

TEST(OffsetTracker, asks_for_one_commit_of_all_partitions_a_second_after_the_first_record) {
  OffsetTracker tracker;
  tracker.assign(kOne, 10);
  tracker.assign(kTwo, std::nullopt);
  EXPECT_EQ(tracker.take_due(at(5000)), Offsets{});
  tracker.done(kOne, 12, 2, at(0));
  tracker.done(kTwo, 7, 1, at(500));
  EXPECT_EQ(tracker.take_due(at(999)), Offsets{});
  EXPECT_EQ(tracker.uncommitted_age(at(999)), milliseconds(999));
  EXPECT_EQ(tracker.take_due(at(1000)), (Offsets{{kOne, 12}, {kTwo, 7}}));
  EXPECT_EQ(tracker.take_due(at(9000)), Offsets{}) << "nothing new";
  EXPECT_EQ(tracker.uncommitted_age(at(9000)), milliseconds(9000)) << "asked for is not committed";
  tracker.committed();
  EXPECT_EQ(tracker.uncommitted_age(at(9000)), milliseconds(0));
}

TEST(OffsetTracker, tells_how_long_the_oldest_record_waits_however_often_its_commit_fails) {
  OffsetTracker tracker;
  tracker.assign(kOne, 0);
  tracker.done(kOne, 5, 5, at(0));
  const auto asked = tracker.take_due(at(1000));
  tracker.done(kOne, 6, 1, at(1050));
  tracker.commit_failed(asked, at(1100));
  EXPECT_EQ(tracker.uncommitted_age(at(1100)), milliseconds(1100));
  EXPECT_EQ(tracker.take_due(at(2100)), (Offsets{{kOne, 6}}));
  EXPECT_EQ(tracker.uncommitted_age(at(3000)), milliseconds(3000));
  tracker.committed();
  EXPECT_EQ(tracker.uncommitted_age(at(3000)), milliseconds(0));
}

TEST(OffsetTracker, commits_sooner_under_load_but_never_twice_within_half_a_second) {
  OffsetTracker tracker;
  tracker.assign(kOne, 0);
  tracker.done(kOne, 1000, 1000, at(0));
  EXPECT_EQ(tracker.take_due(at(1)), (Offsets{{kOne, 1000}}));
  tracker.done(kOne, 9000, 8000, at(2));
  EXPECT_EQ(tracker.take_due(at(500)), Offsets{});
  EXPECT_EQ(tracker.take_due(at(501)), (Offsets{{kOne, 9000}}));
}

TEST(OffsetTracker, a_failed_commit_is_due_again_with_what_is_newest_then) {
  OffsetTracker tracker;
  tracker.assign(kOne, 0);
  tracker.done(kOne, 5, 5, at(0));
  const auto asked = tracker.take_due(at(1000));
  tracker.commit_failed(asked, at(1100));
  tracker.done(kOne, 6, 1, at(1200));
  EXPECT_EQ(tracker.take_due(at(2100)), (Offsets{{kOne, 6}}));
}

TEST(OffsetTracker, the_last_commit_names_only_what_moved_and_a_revoked_partition_never) {
  OffsetTracker tracker;
  tracker.assign(kOne, 0);
  tracker.assign(kTwo, 3);
  tracker.done(kOne, 5, 5, at(0));
  EXPECT_EQ(tracker.take_all(at(1)), (Offsets{{kOne, 5}}));
  tracker.clear();
  tracker.commit_failed({{kOne, 5}}, at(2));
  EXPECT_EQ(tracker.take_all(at(5000)), Offsets{});
  EXPECT_EQ(tracker.position(kOne), std::nullopt);
}

TEST(SqlState, tells_what_helps) {
  struct Case {
    const char* sqlstate;
    SqlFault fault;
  };
  const Case cases[] = {
      {"", SqlFault::kTransient},          {"40001", SqlFault::kTransient},
      {"40P01", SqlFault::kTransient},     {"40003", SqlFault::kTransient},
      {"CR000", SqlFault::kTransient},     {"08006", SqlFault::kTransient},
      {"57P01", SqlFault::kTransient},     {"57014", SqlFault::kTransient},
      {"53300", SqlFault::kTransient},     {"53100", SqlFault::kTransient},
      {"55P03", SqlFault::kTransient},     {"XX000", SqlFault::kTransient},
      {"58030", SqlFault::kTransient},     {"25006", SqlFault::kConfiguration},
      {"22P05", SqlFault::kData},          {"22021", SqlFault::kData},
      {"23502", SqlFault::kData},          {"23514", SqlFault::kData},
      {"21000", SqlFault::kData},          {"54000", SqlFault::kData},
      {"42P01", SqlFault::kConfiguration}, {"42703", SqlFault::kConfiguration},
      {"42501", SqlFault::kConfiguration}, {"3D000", SqlFault::kConfiguration},
      {"3F000", SqlFault::kConfiguration}, {"28P01", SqlFault::kConfiguration},
      {"0A000", SqlFault::kConfiguration},
  };
  for (const Case& c : cases) EXPECT_EQ(classify_sqlstate(c.sqlstate), c.fault) << c.sqlstate;
}

// Plays the database: which records it refuses.
struct Search {
  std::set<std::size_t> culprits;
  std::set<std::size_t> stored;
  int statements = 0;
};

Search search(std::size_t count, const std::set<std::size_t>& bad) {
  Search result;
  const auto store = [&](Range range) {
    ++result.statements;
    for (const std::size_t one : bad) {
      if (one >= range.begin && one < range.end) return false;
    }
    for (std::size_t i = range.begin; i < range.end; ++i) result.stored.insert(i);
    return true;
  };
  Range range{0, count};
  while (range.size() > 0 && !store(range)) {
    Bisect bisect(range);
    while (!bisect.culprit()) store(bisect.range()) ? bisect.stored() : bisect.failed();
    result.culprits.insert(*bisect.culprit());
    range = bisect.rest();
  }
  return result;
}

TEST(Bisect, finds_every_bad_record_and_stores_every_other) {
  EXPECT_TRUE(rc::check("culprits are the bad ones", [] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 200);
    const auto bad =
        *rc::gen::container<std::set<std::size_t>>(rc::gen::inRange<std::size_t>(0, count));
    const Search result = search(count, bad);
    RC_ASSERT(result.culprits == bad);
    RC_ASSERT(result.stored.size() == count - bad.size());
  }));
}

TEST(Bisect, takes_log2_statements_for_one_bad_record_and_one_for_the_rest) {
  for (const std::size_t count : {1U, 2U, 3U, 8U, 100U, 1000U}) {
    for (std::size_t bad = 0; bad < count; bad += 1 + count / 16) {
      const int allowed = static_cast<int>(std::ceil(std::log2(count))) + 1;
      EXPECT_LE(search(count, {bad}).statements - 1, allowed) << bad << " of " << count;
    }
  }
}

TEST(LaneShare, gives_every_partition_one_lane_and_agents_lanes_of_their_own) {
  const LaneShare share{3, 2};
  std::set<std::size_t> updates;
  std::set<std::size_t> agents;
  for (std::int32_t number = 0; number < 12; ++number) {
    updates.insert(share.lane_of({kafka::kDeviceUpdates, number}));
    agents.insert(share.lane_of({kafka::kAgents, number}));
  }
  EXPECT_EQ(updates, (std::set<std::size_t>{0, 1, 2}));
  EXPECT_EQ(agents, (std::set<std::size_t>{3, 4}));
}

}  // namespace
}  // namespace dmp::registry
