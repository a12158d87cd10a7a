#include "local-registry/core/outbox.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::local {
namespace {

using std::chrono::seconds;

const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

SessionId session(int number) {
  SessionId::Bytes bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return SessionId(bytes);
}

DeviceUpdate change(std::int64_t stamp, const std::string& model = "",
                    const std::string& firmware = "") {
  DeviceUpdate update{UpdateKind::kChange, Timestamp{stamp}, {}, ""};
  if (!model.empty()) {
    update.facets.identity.emplace().fields.model = model;
    update.facets.identity->timestamp = Timestamp{stamp};
  }
  if (!firmware.empty()) {
    update.facets.software.emplace().fields.firmware_version = firmware;
    update.facets.software->timestamp = Timestamp{stamp};
  }
  return update;
}

TEST(Outbox, sends_a_row_once_and_frees_it_by_its_stamp) {
  Outbox outbox({}, 1);
  outbox.add(session(1), change(10));
  outbox.connected();
  ASSERT_EQ(outbox.take_due(kStart).size(), 1u);
  EXPECT_TRUE(outbox.take_due(kStart + seconds(1)).empty());
  EXPECT_FALSE(outbox.settled(Timestamp{9}, kStart));
  EXPECT_EQ(outbox.settled(Timestamp{10}, kStart), session(1));
  EXPECT_EQ(outbox.depth(), 0u);
}

TEST(Outbox, keeps_a_row_that_changed_after_it_was_sent) {
  Outbox outbox({}, 1);
  outbox.add(session(1), change(10, "TV"));
  outbox.connected();
  outbox.take_due(kStart);
  outbox.add(session(1), change(11, "", "1.2"));
  EXPECT_FALSE(outbox.settled(Timestamp{10}, kStart));
  const auto due = outbox.take_due(kStart);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].stamp.us, 11);
}

TEST(Outbox, compacts_to_the_newest_whole_facets) {
  Outbox outbox({}, 1);
  outbox.add(session(1), change(10, "old", "1.0"));
  const OutboxRow row = outbox.add(session(1), change(11, "new"));
  EXPECT_EQ(row.update.facets.identity->fields.model, "new");
  EXPECT_EQ(row.update.facets.identity->timestamp.us, 11);
  EXPECT_EQ(row.update.facets.software->fields.firmware_version, "1.0");
  EXPECT_EQ(row.update.facets.software->timestamp.us, 10);
  EXPECT_EQ(outbox.depth(), 1u);
}

TEST(Outbox, counts_what_a_newer_message_replaced_until_it_is_confirmed_or_overdue) {
  Outbox outbox({}, 1);
  outbox.connected();
  std::size_t sent = 0;
  for (std::int64_t stamp = 1; stamp <= 200; ++stamp) {
    outbox.add(session(1), change(stamp));
    sent += outbox.take_due(kStart).size();
  }
  EXPECT_EQ(sent, Outbox::kInFlightMax) << "a device that flaps while nobody confirms";
  EXPECT_EQ(outbox.in_flight(), Outbox::kInFlightMax);
  outbox.settled(Timestamp{1}, kStart);
  ASSERT_EQ(outbox.take_due(kStart).size(), 1u);
  outbox.add(session(1), change(201));
  EXPECT_TRUE(outbox.take_due(kStart).empty());
  const SteadyTime next = outbox.next_due();
  EXPECT_GT(next, kStart);
  EXPECT_EQ(outbox.take_due(next).size(), 1u) << "the oldest is given up";
}

TEST(Outbox, counts_the_snapshot_of_an_ended_session_that_is_in_flight) {
  Outbox outbox({}, 1);
  outbox.add_snapshot(session(1), change(9));
  outbox.connected();
  outbox.take_due(kStart);
  outbox.add(session(1), {UpdateKind::kEnded, Timestamp{10}, {}, "expired"});
  EXPECT_EQ(outbox.in_flight(), 1u);
  outbox.connected();
  EXPECT_EQ(outbox.in_flight(), 0u) << "what a lost connection had in flight comes again";
}

TEST(Outbox, keeps_a_change_a_change_when_everything_is_said_again) {
  Outbox outbox({}, 1);
  DeviceUpdate all = change(12, "TV", "1.0");
  all.kind = UpdateKind::kSnapshot;
  EXPECT_EQ(outbox.add(session(1), all).update.kind, UpdateKind::kSnapshot);
  outbox.add(session(2), change(10, "old"));
  EXPECT_EQ(outbox.add(session(2), all).update.kind, UpdateKind::kChange) << "history waits in it";
  EXPECT_EQ(outbox.add(session(1), change(13)).update.kind, UpdateKind::kChange);
}

TEST(Outbox, forgets_only_what_is_made_anew) {
  Outbox outbox({}, 1);
  outbox.add(session(1), change(10));
  outbox.add_snapshot(session(1), change(9));
  outbox.add_roster({Timestamp{11}, {session(1)}});
  outbox.forget_unstored();
  outbox.connected();
  const auto due = outbox.take_due(kStart);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].stamp.us, 10);
}

TEST(Outbox, lets_nothing_overtake_an_end) {
  Outbox outbox({}, 1);
  outbox.add_snapshot(session(1), change(9));
  outbox.add(session(1), {UpdateKind::kEnded, Timestamp{10}, {}, "expired"});
  EXPECT_EQ(outbox.depth(), 1u) << "the snapshot of an ended session has nothing to say";
  const OutboxRow row = outbox.add(session(1), change(11));
  EXPECT_EQ(row.update.kind, UpdateKind::kEnded);
}

TEST(Outbox, sends_again_after_ten_seconds_doubling_to_a_minute) {
  Outbox outbox({}, 7);
  outbox.add(session(1), change(10));
  outbox.connected();
  outbox.take_due(kStart);
  SteadyTime sent = kStart;
  for (const int wait_s : {10, 20, 40, 60, 60}) {
    const SteadyTime next = outbox.next_due();
    EXPECT_GE(next - sent, std::chrono::milliseconds(wait_s * 800));
    EXPECT_LE(next - sent, std::chrono::milliseconds(wait_s * 1200));
    EXPECT_TRUE(outbox.take_due(next - std::chrono::milliseconds(1)).empty());
    const auto due = outbox.take_due(next);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].again);
    sent = next;
  }
}

TEST(Outbox, sends_what_waits_for_long_at_once_when_any_confirmation_comes) {
  Outbox outbox({}, 1);
  outbox.add(session(1), change(10));
  outbox.connected();
  outbox.take_due(kStart);
  const SteadyTime later = kStart + seconds(13);
  outbox.take_due(later);  // sent again, the next time is far away
  outbox.add(session(2), change(20));
  outbox.take_due(later + seconds(11));
  outbox.settled(Timestamp{20}, later + seconds(11));
  EXPECT_EQ(outbox.take_due(later + seconds(11)).size(), 1u);
}

TEST(Outbox, sends_everything_again_on_a_new_connection) {
  Outbox outbox({{session(1), change(10)}, {session(2), change(11)}}, 1);
  EXPECT_EQ(outbox.take_due(kStart).size(), 2u);
  outbox.connected();
  EXPECT_EQ(outbox.take_due(kStart).size(), 2u);
}

TEST(Outbox, has_at_most_64_in_flight_and_sends_the_roster_first) {
  Outbox outbox({}, 1);
  for (int i = 0; i < 100; ++i) outbox.add(session(i), change(100 + i));
  outbox.add_roster({Timestamp{500}, {}});
  outbox.connected();
  const auto due = outbox.take_due(kStart);
  ASSERT_EQ(due.size(), Outbox::kInFlightMax);
  EXPECT_FALSE(due[0].session);
  EXPECT_TRUE(outbox.take_due(kStart).empty());
  outbox.settled(due[5].stamp, kStart);
  EXPECT_EQ(outbox.take_due(kStart).size(), 1u);
}

// Against a cloud that keeps, per session and facet, the greatest stamp: whatever is lost on the
// way, once the outbox is empty the cloud has the last value of each.
TEST(Outbox, converges_with_any_losses_and_restarts) {
  EXPECT_TRUE(rc::check([] {
    Outbox outbox({}, 1);
    std::map<SessionId, OutboxRow> disk;
    std::map<SessionId, std::string> truth;
    std::map<SessionId, std::pair<Timestamp, std::string>> cloud;
    std::int64_t stamp = 0;
    SteadyTime now = kStart;
    const auto deliver = [&](const Outgoing& outgoing) {
      const auto& facet = std::get<DeviceUpdate>(outgoing.message).facets.identity;
      auto& held = cloud[*outgoing.session];
      if (facet && facet->timestamp >= held.first) held = {facet->timestamp, facet->fields.model};
      if (const auto freed = outbox.settled(outgoing.stamp, now)) disk.erase(*freed);
    };
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60))) {
      now += seconds(1);
      const SessionId id = session(step % 5);
      if (step < 30) {
        truth[id] = std::to_string(++stamp);
        disk[id] = outbox.add(id, change(stamp, truth[id]));
      } else if (step < 50) {
        for (const Outgoing& outgoing : outbox.take_due(now)) {
          if ((outgoing.stamp.us + step) % 3 != 0) deliver(outgoing);
        }
      } else {
        std::vector<OutboxRow> rows;
        for (const auto& [key, row] : disk) rows.push_back(row);
        outbox = Outbox(rows, 1);
      }
      RC_ASSERT(outbox.depth() <= 5u);
    }
    outbox.connected();
    while (outbox.depth() > 0) {
      for (const Outgoing& outgoing : outbox.take_due(now)) deliver(outgoing);
    }
    for (const auto& [id, model] : truth) RC_ASSERT(cloud[id].second == model);
    RC_ASSERT(disk.empty());
  }));
}

}  // namespace
}  // namespace dmp::local
