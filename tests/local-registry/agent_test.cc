// The loop with all ports faked: what is sent is on disk, and what is confirmed is freed.
#include <gtest/gtest.h>

#include "tests/local-registry/agent_life.h"

namespace dmp::local {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(AgentLoop, connects_with_two_stamps_and_repeats_its_presence_unchanged) {
  Life life(disk, clock);
  life.connect();
  const AgentPresence will = presence_of(life.uplink.wills.at(0));
  EXPECT_EQ(life.uplink.will_topic, "dmp/v1/rae-1/agent/presence");
  EXPECT_EQ(will.status.value, AgentStatus::kOffline);
  ASSERT_EQ(life.sent("/presence").size(), 1u);
  const AgentPresence online = presence_of(life.sent("/presence")[0].payload);
  EXPECT_EQ(online.status.value, AgentStatus::kOnline);
  EXPECT_EQ(will.timestamp.us, online.timestamp.us + 1);
  EXPECT_EQ(life.sent("/presence")[0].correlation, "") << "presence asks for no confirmation";
  life.pass(seconds(60));
  ASSERT_EQ(life.sent("/presence").size(), 2u);
  EXPECT_EQ(life.sent("/presence")[1].payload, life.sent("/presence")[0].payload);
}

TEST_F(AgentLoop, says_presence_then_roster_then_what_is_unconfirmed) {
  Life life(disk, clock);
  life.see_device();
  EXPECT_TRUE(life.uplink.published.empty()) << "not connected";
  life.connect();
  ASSERT_GE(life.uplink.published.size(), 3u);
  EXPECT_TRUE(life.uplink.published[0].topic.ends_with("/agent/presence"));
  EXPECT_TRUE(life.uplink.published[1].topic.ends_with("/agent/roster"));
  EXPECT_TRUE(life.uplink.published[2].topic.ends_with("/update"));
  EXPECT_EQ(life.uplink.subscribed,
            (std::vector<std::string>{"dmp/v1/rae-1/agent/resync", "dmp/v1/rae-1/agent/confirm"}));
  const Roster roster = decode_roster(life.uplink.published[1].payload, kRae).value();
  EXPECT_EQ(roster.sessions.size(), 1u);
  EXPECT_EQ(life.uplink.published[1].correlation, std::to_string(roster.timestamp.us));
}

TEST_F(AgentLoop, frees_a_row_when_the_cloud_confirms_it) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  ASSERT_EQ(disk.stored().outbox.size(), 1u);
  const std::string correlation = life.sent("/update").back().correlation;
  life.confirm(correlation);
  life.pass(Agent::kSettleWithin);
  EXPECT_TRUE(disk.stored().outbox.empty());
  life.pass(minutes(2));
  int times_sent = 0;
  for (const Publish& update : life.sent("/update"))
    times_sent += update.correlation == correlation;
  EXPECT_EQ(times_sent, 1);
}

TEST_F(AgentLoop, lets_a_confirmation_wait_for_the_next_transaction) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  const int before = disk.commits();
  life.confirm(life.sent("/update").back().correlation);
  EXPECT_EQ(disk.commits(), before) << "it costs no transaction of its own";
  life.happens(Sighting(NeighbourSeen{kOtherAddress, kOtherMac, NeighbourSeen::State::kReachable}));
  EXPECT_EQ(disk.commits(), before + 1);
  ASSERT_EQ(disk.stored().outbox.size(), 1u);
  EXPECT_EQ(disk.stored().outbox[0].session, disk.stored().sessions.at(1).id);
}

TEST_F(AgentLoop, rests_after_a_transaction_so_that_what_changes_meanwhile_shares_the_next) {
  Life life(disk, clock);
  life.connect();
  life.pass(seconds(1));
  const int before = disk.commits();
  EXPECT_LE(life.agent->rests_until(), clock.steady()) << "a first change is written at once";
  life.see_device();
  ASSERT_EQ(disk.commits(), before + 1);
  EXPECT_EQ(life.agent->rests_until(), clock.steady() + Agent::kRest);
  for (int i = 1; i <= 3; ++i) {
    const std::string mac = "02:00:00:00:07:0" + std::to_string(i);
    const std::string address = "10.0.7." + std::to_string(i);
    Sighting seen(NeighbourSeen{address, mac, NeighbourSeen::State::kReachable});
    ASSERT_TRUE(life.events.try_push(std::move(seen)));
  }
  life.pass(Agent::kRest);
  EXPECT_EQ(disk.commits(), before + 2);
  EXPECT_EQ(disk.stored().sessions.size(), 4u);
  const SteadyTime rested = life.agent->rests_until();
  life.pass(seconds(1));
  EXPECT_EQ(life.agent->rests_until(), rested) << "a turn that writes nothing costs no rest";
}

TEST_F(AgentLoop, does_not_rest_with_a_whole_turns_events_waiting) {
  Life life(disk, clock);
  life.connect();
  life.see_device();
  ASSERT_GT(life.agent->rests_until(), clock.steady());
  const Sighting again(NeighbourSeen{kAddress, kMac, NeighbourSeen::State::kReachable});
  for (std::size_t i = 0; i < Agent::kEventsPerTurn; ++i) {
    EXPECT_GT(life.agent->rests_until(), clock.steady()) << i;
    ASSERT_TRUE(life.events.try_push(again));
  }
  EXPECT_LE(life.agent->rests_until(), clock.steady());
}

TEST_F(AgentLoop, keeps_waiting_confirmations_when_it_stops) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  life.confirm(life.sent("/update").back().correlation);
  Event answered(UplinkAnswered{static_cast<std::int64_t>(life.uplink.published.size()) + 1, 0});
  ASSERT_TRUE(life.events.try_push(std::move(answered)));
  life.agent->begin_leave();
  EXPECT_TRUE(life.agent->has_left());
  EXPECT_TRUE(disk.stored().outbox.empty());
}

TEST_F(AgentLoop, asks_for_the_brokers_answer_to_its_goodbye_only) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  for (const Publish& message : life.uplink.published) EXPECT_FALSE(message.tell_delivered);
  life.agent->begin_leave();
  EXPECT_TRUE(life.uplink.published.back().tell_delivered);
}

// What the publishes since the last call are answered with by the broker.
void answer_all(Life& life, int reason) {
  const auto published = static_cast<std::int64_t>(life.uplink.published.size());
  for (std::int64_t id = 1; id <= published; ++id) life.happens(UplinkAnswered{id, reason});
  life.pass(Agent::kSettleWithin);
}

TEST_F(AgentLoop, a_puback_frees_nothing) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  answer_all(life, 0);
  EXPECT_EQ(disk.stored().outbox.size(), 1u);
}

TEST_F(AgentLoop, a_puback_frees_only_where_it_is_told_to) {
  Life life(disk, clock, {}, FreeOn::kPuback);
  life.see_device();
  life.connect();
  for (const Publish& update : life.sent("/update")) EXPECT_TRUE(update.tell_delivered);
  constexpr int kNobodySubscribed = 0x10;
  for (const int reason : {kUplinkFailed, kNobodySubscribed}) {
    answer_all(life, reason);
    EXPECT_EQ(disk.stored().outbox.size(), 1u) << "nobody has it: " << reason;
    life.happens(UplinkLost{"gone"});
    life.pass(seconds(2));
    life.happens(UplinkConnected{});
  }
  answer_all(life, 0);
  EXPECT_TRUE(disk.stored().outbox.empty());
}

TEST_F(AgentLoop, drops_and_counts_what_the_cloud_refuses) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  life.confirm(life.sent("/update").back().correlation, true);
  life.pass(Agent::kSettleWithin);
  EXPECT_TRUE(disk.stored().outbox.empty());
  EXPECT_NE(life.metrics.text().find("dmp_local_registry_refused_total 1"), std::string::npos);
}

TEST_F(AgentLoop, sends_what_a_killed_agent_left_behind) {
  {
    Life life(disk, clock);
    life.see_device();
  }
  Life life(disk, clock);
  life.connect();
  ASSERT_EQ(life.sent("/update").size(), 1u);
  EXPECT_EQ(life.sent("/update")[0].correlation,
            std::to_string(disk.stored().outbox.at(0).update.timestamp.us));
}

TEST_F(AgentLoop, never_uses_a_stamp_twice_even_if_the_wall_clock_falls_back) {
  std::int64_t last = 0;
  for (int life_number = 0; life_number < 3; ++life_number) {
    Life life(disk, clock);
    life.connect();
    const std::int64_t stamp = presence_of(life.sent("/presence").at(0).payload).timestamp.us;
    EXPECT_GT(stamp, last);
    last = presence_of(life.uplink.wills.at(0)).timestamp.us;
    clock.jump_wall(-3'600'000'000);
  }
}

TEST_F(AgentLoop, sends_nothing_that_is_not_on_disk) {
  Life life(disk, clock);
  life.connect();
  disk.fail_commits(true);
  const std::size_t before = life.uplink.published.size();
  life.see_device();
  EXPECT_EQ(life.uplink.published.size(), before);
  EXPECT_FALSE(life.agent->readiness().good);
  EXPECT_TRUE(disk.stored().outbox.empty());
  disk.fail_commits(false);
  life.pass(seconds(2));
  EXPECT_EQ(life.sent("/update").size(), 1u);
  EXPECT_EQ(disk.stored().outbox.size(), 1u);
  EXPECT_TRUE(life.agent->readiness().good);
}

TEST_F(AgentLoop, does_not_grow_its_transaction_while_the_database_refuses) {
  Life life(disk, clock);
  life.connect();
  disk.fail_commits(true);
  for (int turn = 0; turn < 100; ++turn) {
    life.happens(Sighting(LeaseSeen{kMac, kAddress, "tv-" + std::to_string(turn), true}));
    life.pass(std::chrono::milliseconds(500));
  }
  EXPECT_EQ(disk.refused_rows(), 2u) << "the session and its message";
  disk.fail_commits(false);
  life.pass(seconds(2));
  ASSERT_EQ(disk.stored().sessions.size(), 1u);
  EXPECT_EQ(disk.stored().sessions[0].facets.network->fields.hostname, "tv-99");
  EXPECT_TRUE(life.agent->readiness().good);
}

TEST_F(AgentLoop, keeps_several_events_in_one_transaction) {
  Life life(disk, clock);
  life.agent->turn();
  const int before = disk.commits();
  for (int i = 1; i <= 20; ++i) {
    Event event(Sighting(NeighbourSeen{"10.0.0." + std::to_string(i),
                                       "00:11:22:33:44:" + std::to_string(10 + i),
                                       NeighbourSeen::State::kReachable, true}));
    ASSERT_TRUE(life.events.try_push(std::move(event)));
  }
  life.agent->turn();
  EXPECT_EQ(disk.commits(), before + 1);
  EXPECT_EQ(disk.stored().sessions.size(), 20u);
}

TEST_F(AgentLoop, comes_back_within_two_seconds_with_fresh_stamps) {
  Life life(disk, clock);
  life.connect();
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::size_t before = life.uplink.wills.size();
    life.happens(UplinkLost{"gone"});
    life.pass(seconds(2));
    ASSERT_EQ(life.uplink.wills.size(), before + 1);
  }
  life.happens(UplinkConnected{});
  EXPECT_GT(presence_of(life.sent("/presence").back().payload).timestamp,
            presence_of(life.sent("/presence").front().payload).timestamp);
}

TEST_F(AgentLoop, notices_a_lost_connection_whose_news_found_the_queue_full) {
  Life life(disk, clock);
  life.connect();
  life.uplink.broken = true;
  life.pass(seconds(60));
  EXPECT_FALSE(life.agent->readiness().good);
  life.uplink.broken = false;
  life.pass(seconds(2));
  EXPECT_EQ(life.uplink.wills.size(), 2u);
}

TEST_F(AgentLoop, gives_up_an_attempt_that_never_ends) {
  Life life(disk, clock);
  life.agent->turn();
  life.pass(seconds(16));
  life.pass(seconds(3));
  EXPECT_EQ(life.uplink.wills.size(), 2u);
}

TEST_F(AgentLoop, makes_one_attempt_after_the_database_refused_for_long) {
  Life life(disk, clock);
  disk.fail_commits(true);
  life.agent->turn();
  life.pass(seconds(20));
  disk.fail_commits(false);
  life.pass(seconds(2));
  life.pass(seconds(2));
  life.pass(seconds(2));
  EXPECT_EQ(life.uplink.wills.size(), 1u) << "the Will that counts is that of the attempt";
}

TEST_F(AgentLoop, sends_a_new_roster_when_a_session_begins) {
  Life life(disk, clock);
  life.connect();
  life.see_device();
  life.agent->turn();
  const auto rosters = life.sent("/roster");
  ASSERT_EQ(rosters.size(), 2u);
  EXPECT_EQ(decode_roster(rosters[1].payload, kRae)->sessions.size(), 1u);
}

TEST_F(AgentLoop, sends_each_device_completely_every_fifteen_minutes) {
  Life life(disk, clock);
  life.see_device();
  life.connect();
  const SessionId id = disk.stored().sessions.at(0).id;
  for (int second = 0; second < 3600; second += 5) {
    life.pass(seconds(5));
    for (const Publish& message : std::vector<Publish>(life.uplink.published)) {
      if (!message.correlation.empty()) life.confirm(message.correlation);
    }
  }
  int snapshots = 0;
  for (const Publish& message : life.sent("/update")) {
    const auto update = decode_update(message.payload, kRae, id).value();
    if (update.kind != UpdateKind::kSnapshot) continue;
    ++snapshots;
    EXPECT_TRUE(update.facets.identity && update.facets.presence && update.facets.usage);
  }
  EXPECT_GE(snapshots, 3);
  EXPECT_LE(snapshots, 5);
}

TEST_F(AgentLoop, says_offline_with_a_fresh_stamp_when_it_is_stopped) {
  Life life(disk, clock);
  life.connect();
  Event answered(UplinkAnswered{static_cast<std::int64_t>(life.uplink.published.size()) + 1, 0});
  ASSERT_TRUE(life.events.try_push(std::move(answered)));
  life.agent->begin_leave();
  EXPECT_TRUE(life.agent->has_left());
  const AgentPresence last = presence_of(life.sent("/presence").back().payload);
  EXPECT_EQ(last.status.value, AgentStatus::kOffline);
  EXPECT_GT(last.timestamp, presence_of(life.uplink.wills.at(0)).timestamp);
  EXPECT_EQ(life.uplink.disconnects, 1);
  EXPECT_GE(disk.stored().ceiling, last.timestamp);
}

TEST_F(AgentLoop, leaves_its_last_word_to_the_will_if_the_broker_does_not_answer) {
  Life life(disk, clock);
  life.connect();
  life.agent->begin_leave();
  EXPECT_FALSE(life.agent->has_left());
  clock.pass(seconds(2));
  EXPECT_TRUE(life.agent->has_left());
  EXPECT_EQ(life.uplink.abandons, 1);
  EXPECT_EQ(life.uplink.disconnects, 0);
}

TEST_F(AgentLoop, leaves_its_last_word_to_the_will_if_the_database_refuses_its_stamp) {
  Life life(disk, clock);
  life.connect();
  clock.pass(seconds(60));
  disk.fail_commits(true);
  life.agent->begin_leave();
  EXPECT_TRUE(life.agent->has_left());
  EXPECT_EQ(life.uplink.abandons, 1);
  EXPECT_EQ(life.uplink.disconnects, 0);
}

TEST_F(AgentLoop, tries_a_probe_again_that_found_no_room) {
  Life life(disk, clock, {kAddress});
  life.prober.full = true;
  life.agent->turn();
  EXPECT_NE(life.metrics.text().find("probes_refused_total 1"), std::string::npos);
  life.prober.full = false;
  life.pass(seconds(13));
  EXPECT_EQ(life.prober.orders.size(), 1u);
}

TEST_F(AgentLoop, does_not_blame_a_device_for_a_probe_that_found_no_room) {
  Life life(disk, clock, {kAddress});
  life.agent->turn();
  const ProbeOrder order = life.prober.orders.at(0);
  const Observation roku{{{"identity.serial", "X019"}}, false};
  life.happens(Sighting(ProbeFinished{order.session, kAddress, {{"roku", roku, ""}}}));
  life.prober.full = true;
  for (int second = 0; second < 300; ++second) life.pass(seconds(1));
  EXPECT_NE(life.metrics.text().find("probes_refused_total"), std::string::npos);
  const Facets& facets = disk.stored().sessions.at(0).facets;
  EXPECT_EQ(facets.presence->fields.status.value, PresenceStatus::kOnline);
  EXPECT_EQ(facets.health->fields.status.value, HealthStatus::kGood);
}

TEST_F(AgentLoop, counts_a_message_it_cannot_read) {
  Life life(disk, clock);
  life.connect();
  life.happens(UplinkMessage{"dmp/v1/rae-1/agent/confirm", "{"});
  EXPECT_NE(life.metrics.text().find("bad_messages_total 1"), std::string::npos);
}

}  // namespace
}  // namespace dmp::local
