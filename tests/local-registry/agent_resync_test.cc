// The loop when the cloud says where it stands: what was hidden is said again, above the floor.
#include <gtest/gtest.h>

#include "local-registry/core/resync.h"
#include "tests/local-registry/agent_life.h"

namespace dmp::local {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kNow = FakeClock::kStartUs;
constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kYears = 20 * 365 * kDay;
constexpr std::int64_t kTolerance = CloudTime::kTolerance.count();

struct AgentResync : AgentLoop {
  // Connected, one device seen.
  void settle(Life& life) {
    life.see_device();
    life.connect();
    life.agent->turn();
  }

  // The agent went away from the broker and comes back.
  void comes_back(Life& life) {
    life.happens(UplinkConnected{});
    life.agent->turn();
  }

  // Of messages that carried these stamps.
  static void confirm_at(Life& life, std::int64_t sent_at, std::vector<std::int64_t> stamps) {
    Confirm confirm{{sent_at}, {}, {}};
    for (const std::int64_t stamp : stamps) confirm.stored.push_back(std::to_string(stamp));
    life.happens(UplinkMessage{"dmp/v1/rae-1/agent/confirm", encode(confirm)});
  }

  // Everything said since `before` publishes is above `floor`, and all of the device is.
  void expect_all_said_again(Life& life, std::size_t before, std::int64_t floor) {
    EXPECT_GT(presence_of(life.uplink.wills.back()).timestamp.us, floor);
    bool roster = false;
    bool device = false;
    for (std::size_t i = before; i < life.uplink.published.size(); ++i) {
      const Publish& said = life.uplink.published[i];
      if (said.topic.ends_with("/presence")) {
        EXPECT_EQ(presence_of(said.payload).status.value, AgentStatus::kOnline);
        EXPECT_GT(presence_of(said.payload).timestamp.us, floor);
        continue;
      }
      EXPECT_GT(std::stoll(said.correlation), floor) << said.topic;
      if (said.topic.ends_with("/roster")) roster = true;
      if (!said.topic.ends_with("/update")) continue;
      device = true;
      const auto id = disk.stored().sessions.at(0).id;
      const auto update = decode_update(said.payload, kRae, id).value();
      EXPECT_EQ(update.facets, disk.stored().sessions.at(0).facets) << "all of them, as kept";
      each_facet(update.facets, [&](FacetNames names, const auto& facet) {
        EXPECT_TRUE(!facet || facet->timestamp.us > floor) << names.name;
      });
    }
    EXPECT_TRUE(roster);
    EXPECT_TRUE(device);
    EXPECT_GE(disk.stored().ceiling, presence_of(life.uplink.wills.back()).timestamp);
  }
};

TEST_F(AgentResync, a_wiped_agent_with_its_clock_a_day_behind_says_everything_above_the_floor) {
  clock.jump_wall(-kDay);
  Life life(disk, clock);
  settle(life);
  const std::size_t before = life.uplink.published.size();
  const std::size_t connections = life.uplink.wills.size();
  life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
  EXPECT_EQ(life.uplink.wills.size(), connections + 1);
  EXPECT_EQ(life.uplink.published.size(), before) << "nothing more on the old connection";
  comes_back(life);
  expect_all_said_again(life, before, kNow - 100);
  const std::int64_t stamp = presence_of(life.uplink.wills.back()).timestamp.us;
  EXPECT_LT(std::abs(stamp - kNow), kTolerance) << "by the cloud's time, not by its own";
}

TEST_F(AgentResync, an_agent_in_2040_comes_back_and_leaves_no_trace_of_it_on_disk) {
  clock.jump_wall(kYears);
  {
    Life life(disk, clock);
    settle(life);
    EXPECT_GT(disk.stored().ceiling.us, kNow + kYears);
    const std::size_t before = life.uplink.published.size();
    life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
    comes_back(life);
    expect_all_said_again(life, before, kNow - 100);
    EXPECT_LT(disk.stored().ceiling.us, kNow + kTolerance + HybridClock::kLeaseUs);
    const Facets& facets = disk.stored().sessions.at(0).facets;
    EXPECT_LT(facets.presence->fields.changed_at.us, kNow + kTolerance);
    EXPECT_LT(facets.network->observed_at.us, kNow + kTolerance);
    life.pass(seconds(60));
    life.happens(UplinkLost{"gone"});
    life.pass(seconds(2));
    EXPECT_LT(presence_of(life.uplink.wills.back()).timestamp.us, kNow + 2 * kTolerance)
        << "from then on its clock counts no more";
  }
  clock.jump_wall(-kYears);
  Life again(disk, clock);
  again.connect();
  EXPECT_LT(presence_of(again.uplink.wills.back()).timestamp.us, kNow + 2 * kTolerance);
}

TEST_F(AgentResync, a_late_or_repeated_resync_is_ignored) {
  Life life(disk, clock);
  settle(life);
  const std::size_t before = life.uplink.published.size();
  life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
  EXPECT_EQ(life.uplink.wills.size(), 1U);
  EXPECT_EQ(life.uplink.published.size(), before);
  EXPECT_NE(life.metrics.text().find("resyncs_total 0"), std::string::npos);

  clock.jump_wall(-kDay);
  const Resync needed{{kNow}, {kNow + 10'000'000}, {1}};
  life.resync(needed);
  comes_back(life);
  const std::size_t after = life.uplink.wills.size();
  life.resync(needed);
  EXPECT_EQ(life.uplink.wills.size(), after);
  EXPECT_NE(life.metrics.text().find("resyncs_total 1"), std::string::npos);
}

TEST_F(AgentResync, a_presence_above_the_will_only_makes_it_reconnect) {
  Life life(disk, clock);
  settle(life);
  const Facets facets = disk.stored().sessions.at(0).facets;
  const Timestamp will = presence_of(life.uplink.wills.back()).timestamp;
  life.resync({{kNow}, {1}, will});
  EXPECT_EQ(life.uplink.wills.size(), 1U) << "our own Will is no reason";
  life.resync({{kNow}, {1}, {will.us + 1}});
  comes_back(life);
  EXPECT_EQ(life.uplink.wills.size(), 2U);
  EXPECT_GT(presence_of(life.uplink.wills.back()).timestamp.us, will.us + 1);
  EXPECT_EQ(disk.stored().sessions.at(0).facets, facets);
}

// A copy of our disk, or we before it was wiped: the cloud may hold it and hide what is below.
TEST_F(AgentResync, a_confirmed_stamp_above_all_of_ours_makes_it_say_everything_above_that) {
  clock.jump_wall(-kDay);
  Life life(disk, clock);
  settle(life);
  const std::size_t before = life.uplink.published.size();
  const std::int64_t refused = kNow + kAheadMax.count() + 1;
  confirm_at(life, kNow, {kNow - 9, kNow - 5, refused});
  EXPECT_EQ(life.uplink.wills.size(), 2U);
  comes_back(life);
  expect_all_said_again(life, before, kNow);
  EXPECT_NE(life.metrics.text().find("foreign_stamps_total 1"), std::string::npos);

  const std::size_t after = life.uplink.wills.size();
  confirm_at(life, kNow, {kNow - 5});
  EXPECT_EQ(life.uplink.wills.size(), after) << "once";
}

TEST_F(AgentResync, a_confirmed_stamp_that_the_cloud_must_refuse_leads_nowhere) {
  Life life(disk, clock);
  settle(life);
  confirm_at(life, kNow, {kNow + kAheadMax.count() + 1});
  confirm_at(life, kNow, {std::stoll(life.sent("/update").back().correlation)});
  EXPECT_EQ(life.uplink.wills.size(), 1U);
  EXPECT_NE(life.metrics.text().find("foreign_stamps_total 0"), std::string::npos);
}

TEST_F(AgentResync, an_agent_that_leaves_does_not_begin_again) {
  clock.jump_wall(-kDay);
  Life life(disk, clock);
  settle(life);
  life.agent->begin_leave();
  confirm_at(life, kNow, {kNow - 5});
  life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
  EXPECT_FALSE(life.agent->has_left()) << "its goodbye is not answered yet";
  EXPECT_EQ(life.uplink.wills.size(), 1U);
}

TEST_F(AgentResync, nothing_leaves_before_the_lower_ceiling_is_on_disk) {
  clock.jump_wall(kYears);
  Life life(disk, clock);
  settle(life);
  disk.fail_commits(true);
  const std::size_t before = life.uplink.published.size();
  life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
  EXPECT_EQ(life.uplink.wills.size(), 1U);
  EXPECT_EQ(life.uplink.published.size(), before);
  disk.fail_commits(false);
  life.pass(seconds(2));
  comes_back(life);
  expect_all_said_again(life, before, kNow - 100);
}

TEST_F(AgentResync, what_is_not_yet_history_stays_history) {
  clock.jump_wall(-kDay);
  Life life(disk, clock);
  settle(life);
  life.resync({{kNow}, {kNow - 100}, {kNow - 200}});
  EXPECT_EQ(disk.stored().outbox.at(0).update.kind, UpdateKind::kChange);
  comes_back(life);
  life.confirm(life.sent("/update").back().correlation);
  life.pass(Agent::kSettleWithin);
  EXPECT_TRUE(disk.stored().outbox.empty());
  life.resync({{kNow}, {kNow + kTolerance}, {1}});
  EXPECT_EQ(disk.stored().outbox.at(0).update.kind, UpdateKind::kSnapshot) << "nothing changed";
}

TEST_F(AgentResync, after_a_takeover_everything_is_said_again_above_what_the_other_said) {
  Life life(disk, clock);
  settle(life);
  life.confirm(life.sent("/update").back().correlation);
  life.pass(Agent::kSettleWithin);
  const std::size_t before = life.uplink.published.size();
  life.happens(UplinkLost{"taken over", true});
  EXPECT_NE(life.metrics.text().find("taken_over_total 1"), std::string::npos);
  life.pass(seconds(2));
  comes_back(life);
  expect_all_said_again(life, before, clock.wall_us() - 1'000'000);
}

TEST_F(AgentResync, an_agent_that_starts_says_everything_again_and_one_that_reconnects_does_not) {
  {
    Life life(disk, clock);
    settle(life);
    life.confirm(life.sent("/update").back().correlation);
  }
  clock.pass(seconds(20));
  Life life(disk, clock);
  life.connect();
  expect_all_said_again(life, 0, clock.wall_us() - 1'000'000);
  life.confirm(life.sent("/update").back().correlation);
  const std::size_t updates = life.sent("/update").size();
  life.happens(UplinkLost{"gone"});
  life.pass(seconds(2));
  comes_back(life);
  EXPECT_EQ(life.sent("/update").size(), updates);
}

TEST_F(AgentResync, for_minutes_after_a_takeover_no_reconnect_is_trusted) {
  Life life(disk, clock);
  settle(life);
  life.happens(UplinkLost{"taken over", true});
  for (const bool says_again : {true, true, false}) {
    life.pass(seconds(100));
    const std::size_t updates = life.sent("/update").size();
    comes_back(life);
    EXPECT_EQ(life.sent("/update").size() > updates, says_again);
    life.confirm(life.sent("/update").back().correlation);
    life.pass(UplinkSession::kStands);
    life.happens(UplinkLost{"gone"});
  }
}

TEST_F(AgentResync, connections_that_never_stand_are_taken_for_another_agent_with_our_serial) {
  Life life(disk, clock);
  settle(life);
  life.confirm(life.sent("/update").back().correlation);
  life.pass(UplinkSession::kStands);
  const std::size_t updates = life.sent("/update").size();
  for (int ended = 0; ended < 4; ++ended) {
    EXPECT_NE(life.metrics.text().find("taken_over_total 0"), std::string::npos);
    EXPECT_EQ(life.sent("/update").size(), updates);
    life.happens(UplinkLost{"gone"});
    life.pass(seconds(2));
    comes_back(life);
  }
  EXPECT_NE(life.metrics.text().find("taken_over_total 1"), std::string::npos);
  EXPECT_EQ(life.sent("/update").size(), updates + 1);
}

TEST_F(AgentResync, two_copies_of_one_disk_without_a_clock_do_not_use_the_same_stamps) {
  FakeStore copy = disk;
  Life one(disk, clock, {}, FreeOn::kConfirm, 1);
  Life other(copy, clock, {}, FreeOn::kConfirm, 2);
  one.connect();
  other.connect();
  EXPECT_NE(presence_of(one.uplink.wills.at(0)).timestamp,
            presence_of(other.uplink.wills.at(0)).timestamp);
}

TEST_F(AgentResync, one_that_speaks_of_an_ended_connection_is_ignored) {
  Life life(disk, clock);
  settle(life);
  life.happens(UplinkLost{"gone"});
  const std::size_t before = life.uplink.wills.size();
  life.resync({{kNow}, {kNow + 1'000'000}, {1}});
  EXPECT_EQ(life.uplink.wills.size(), before);
}

TEST_F(AgentResync, one_that_cannot_be_read_is_counted) {
  Life life(disk, clock);
  settle(life);
  life.happens(UplinkMessage{"dmp/v1/rae-1/agent/resync", R"({"schema":1,"sent_at":5,"floor":0})"});
  EXPECT_NE(life.metrics.text().find("bad_messages_total 1"), std::string::npos);
}

}  // namespace
}  // namespace dmp::local
