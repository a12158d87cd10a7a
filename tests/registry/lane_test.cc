// One lane on fakes: what counts as done, and when.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fixtures/waiting.h"
#include "tests/registry/lane_parts.h"
#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;
using test::wait_for;

constexpr Partition kPartition{kafka::kDeviceUpdates, 0};
constexpr Partition kAgents{kafka::kAgents, 0};
constexpr std::chrono::hours kForever{1};

class LaneTest : public testing::Test, protected LaneParts {
 protected:
  LaneTest() { assignment_.open({{kPartition, 0}}); }

  ~LaneTest() override { end(); }

  void start() {
    thread_ = std::jthread([this] { lane_.run(source_); });
  }

  void end() {
    assignment_.end();
    if (thread_.joinable()) thread_.join();
  }

  Record change(int session, std::int64_t stamp, const std::string& model) {
    Facets facets;
    facets.identity = identity_at(stamp, session, model);
    Record record = update_record(rae_, session, change_at(stamp, facets));
    record.partition = kPartition;
    return record;
  }

  std::vector<Record> changes(int count) {
    std::vector<Record> records;
    for (int i = 1; i <= count; ++i) records.push_back(change(i, i, "Ultra"));
    return records;
  }

  [[nodiscard]] bool done(std::int64_t records) {
    for (const auto& lag : assignment_.lags([&](const Partition&) { return records; })) {
      if (lag.records == 0) return true;
    }
    return false;
  }

  FakeStore store_;
  RaeSerial rae_ = rae_named("rae-1");
  Lane lane_ = lane_with({.retry = {milliseconds(1), milliseconds(2), 0},
                          .configuration_retry = milliseconds(1),
                          .poison_retry = milliseconds(1),
                          .patience = milliseconds(5),
                          .rest = milliseconds(1),
                          .beat_every = milliseconds(1),
                          .report_every = milliseconds(1)},
                         store_);
  std::jthread thread_;
};

TEST_F(LaneTest, stores_a_batch_and_then_counts_it_as_done) {
  source_.push(changes(100));
  start();
  ASSERT_TRUE(wait_for([&] { return done(100); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 100U);
  EXPECT_EQ(assignment_.take_last(), (std::vector<PartitionOffset>{{kPartition, 100}}));
}

TEST_F(LaneTest, holds_its_batch_while_the_database_is_away) {
  store_.fail_next(SqlFault::kTransient, 20);
  source_.push(changes(10));
  start();
  ASSERT_TRUE(wait_for([&] { return done(10); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 10U);
  EXPECT_EQ(store_.writes, 21) << "the same batch each time";
  EXPECT_TRUE(dead_letters_.letters().empty());
  EXPECT_EQ(troubles_.text(), "");
}

TEST_F(LaneTest, keeps_its_batch_and_says_so_while_the_database_refuses_everything) {
  store_.fail_next(SqlFault::kConfiguration, 1'000'000);
  source_.push(changes(10));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  EXPECT_EQ(troubles_.text(), "database refuses: scripted");
  end();
  EXPECT_TRUE(dead_letters_.letters().empty());
  EXPECT_EQ(assignment_.take_last(), std::vector<PartitionOffset>{}) << "nothing is done";
}

TEST_F(LaneTest, gives_a_waiting_batch_up_when_its_partitions_go) {
  store_.fail_next(SqlFault::kTransient, 1'000'000);
  source_.push(changes(10));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  EXPECT_TRUE(assignment_.close(std::chrono::seconds(60)));
  EXPECT_EQ(assignment_.take_last(), std::vector<PartitionOffset>{});
  EXPECT_EQ(troubles_.text(), "") << "it does not know any more";
}

TEST_F(LaneTest, forgets_that_dead_letters_are_away_with_the_batch_that_needed_them) {
  dead_letters_.fail_next(1'000'000);
  auto records = changes(1);
  records[0].value = "{";
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  EXPECT_TRUE(assignment_.close(std::chrono::seconds(60)));
  EXPECT_EQ(troubles_.text(), "");
}

TEST_F(LaneTest, begins_without_the_troubles_of_the_lane_before_it) {
  troubles_.set("lane 0", "database down: it was");
  troubles_.set("lane 0 dead letters", "dead letters: they were");
  troubles_.set("kafka", "Kafka down: it is");
  const Lane next = lane_with({}, store_);
  EXPECT_EQ(troubles_.text(), "Kafka down: it is");
}

TEST_F(LaneTest, finds_the_record_the_database_refuses_and_stores_the_rest) {
  auto records = changes(40);
  records.insert(records.begin() + 17, change(99, 99, "cursed"));
  store_.refuse_model("cursed");
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return done(41); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 40U);
  const auto letters = dead_letters_.letters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].record.offset, 17);
  EXPECT_EQ(letters[0].code, "refused_by_database");
  EXPECT_EQ(letters[0].sqlstate, "23514");
}

TEST_F(LaneTest, stores_a_batch_in_parts_that_a_slow_database_can_store_in_time) {
  store_.slow_above(3);
  auto records = changes(100);
  records[50].value = "{";
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return done(100); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 99U);
  EXPECT_EQ(dead_letters_.letters().size(), 1U);
  EXPECT_EQ(troubles_.text(), "");
}

TEST_F(LaneTest, buries_bad_records_in_the_order_of_their_partition_however_they_are_bad) {
  auto records = changes(40);
  records[7] = change(99, 99, "cursed");
  records[23].value = "{";
  store_.refuse_model("cursed");
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return done(40); }));
  end();
  const auto letters = dead_letters_.letters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].record.offset, 7);
  EXPECT_EQ(letters[1].record.offset, 23);
}

TEST_F(LaneTest, a_bad_record_is_not_done_before_its_dead_letter_is_kept) {
  dead_letters_.fail_next(1'000'000);
  auto records = changes(3);
  records[1].value = "{";
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return troubles_.text().find("dead letters") != std::string::npos; }));
  EXPECT_FALSE(done(3));
  dead_letters_.fail_next(0);
  ASSERT_TRUE(wait_for([&] { return done(3); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 2U);
  ASSERT_EQ(dead_letters_.letters().size(), 1U);
  EXPECT_EQ(dead_letters_.letters()[0].code, "not_json");
}

TEST_F(LaneTest, halts_before_it_drains_a_topic_into_dead_letters) {
  auto records = changes(300);
  for (std::size_t i = 0; i < 100; ++i) records[i * 3].value = "{";
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  EXPECT_NE(troubles_.text().find("lane 0 halted: too many bad records, e.g. not_json: "),
            std::string::npos)
      << troubles_.text();
  EXPECT_NE(metrics_.text().find("dmp_ingest_lane_halted{lane=\"0\"} 1"), std::string::npos);
  end();
  EXPECT_TRUE(dead_letters_.letters().empty());
  EXPECT_EQ(assignment_.take_last(), std::vector<PartitionOffset>{}) << "it keeps its batch";
  EXPECT_EQ(store_.sessions.size(), 200U) << "the good ones are stored meanwhile";
}

TEST_F(LaneTest, goes_on_by_itself_when_what_refused_its_records_is_mended) {
  store_.refuse_model("Ultra");
  source_.push(changes(200));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  store_.mend_before_batch_of(200);
  ASSERT_TRUE(wait_for([&] { return done(200); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 200U);
  EXPECT_TRUE(dead_letters_.letters().empty());
  EXPECT_EQ(troubles_.text(), "");
  EXPECT_NE(metrics_.text().find("dmp_ingest_lane_halted{lane=\"0\"} 0"), std::string::npos);
}

TEST_F(LaneTest, beats_for_its_partitions_though_nothing_comes) {
  source_.push(changes(1));
  start();
  ASSERT_TRUE(wait_for([&] { return done(1); }));
  ASSERT_TRUE(wait_for([&] {
    const auto now = store_.beats();
    return now.contains("dmp.device-updates0") && now.at("dmp.device-updates0").behind_ms == 0;
  }));
}

TEST_F(LaneTest, rests_only_after_a_batch_that_took_everything) {
  Lane patient =
      lane_with({.batch = {10, 1 << 20}, .patience = milliseconds(5), .rest = kForever}, store_);
  source_.push(changes(25));
  thread_ = std::jthread([&] { patient.run(source_); });
  EXPECT_TRUE(wait_for([&] { return done(25); }));
  EXPECT_EQ(store_.writes, 3);
  end();  // a rest ends with the assignment
}

TEST_F(LaneTest, says_nothing_of_its_lag_if_it_is_told_not_to_beat) {
  Lane silent = lane_with(
      {.patience = milliseconds(5), .beats = false, .beat_every = milliseconds(1)}, store_);
  source_.push(changes(1));
  thread_ = std::jthread([&] { silent.run(source_); });
  EXPECT_TRUE(wait_for([&] { return done(1); }));
  end();
  EXPECT_TRUE(store_.beats().empty());
}

// An agent's presence, received just now.
Record presence_now(const Clock& clock, const RaeSerial& rae, std::int64_t stamp) {
  Record record = presence_record(rae, stamp, AgentStatus::kOnline, clock.wall_us());
  record.partition = kAgents;
  return record;
}

TEST_F(LaneTest, tells_an_agent_that_is_behind_where_the_cloud_stands) {
  assignment_.open({{kPartition, 0}, {kAgents, 0}});
  const std::int64_t now = clock_.wall_us();
  auto records = changes(1);  // of stamp 1
  records.push_back(change(7, now - 50, "Ultra"));
  records.push_back(presence_now(clock_, rae_, now - 100));
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return source_.fetched() == 0; }));
  source_.push({presence_now(clock_, rae_, now - 200), presence_now(clock_, rae_, now - 150)});
  ASSERT_TRUE(wait_for([&] { return !sender_.orders().empty(); }));
  end();
  const auto orders = sender_.orders();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].rae, rae_);
  EXPECT_EQ(orders[0].bridge, "bridge-1");
  EXPECT_EQ(orders[0].resync.floor.us, now - 50);
  EXPECT_EQ(orders[0].resync.presence.us, now - 100);
  EXPECT_GE(orders[0].resync.sent_at.us, now);
  EXPECT_EQ(orders[0].expires_at.us, orders[0].resync.sent_at.us + 60'000'000);
}

TEST_F(LaneTest, tells_an_agent_whose_clock_is_ahead_though_nothing_is_held_of_it) {
  assignment_.open({{kPartition, 0}, {kAgents, 0}});
  source_.push({presence_now(clock_, rae_, clock_.wall_us() + 7'200'000'000)});
  start();
  ASSERT_TRUE(wait_for([&] { return !sender_.orders().empty(); }));
  end();
  EXPECT_EQ(sender_.orders()[0].resync.floor.us, 1);
  EXPECT_EQ(sender_.orders()[0].resync.presence.us, 1);
  ASSERT_EQ(dead_letters_.letters().size(), 1U);
  EXPECT_EQ(dead_letters_.letters()[0].code, "clock_ahead");
}

TEST_F(LaneTest, is_not_halted_by_one_agent_whose_clock_is_ahead) {
  assignment_.open({{kPartition, 0}, {kAgents, 0}});
  std::vector<Record> records;
  for (int i = 0; i < 200; ++i) {
    records.push_back(presence_now(clock_, rae_, clock_.wall_us() + 7'200'000'000 + i));
  }
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return !sender_.orders().empty(); }));
  end();
  EXPECT_EQ(dead_letters_.letters().size(), 200U);
  EXPECT_EQ(troubles_.text(), "");
}

TEST_F(LaneTest, is_halted_by_a_bridge_whose_clock_is_behind) {
  assignment_.open({{kPartition, 0}, {kAgents, 0}});
  std::vector<Record> records;
  for (int i = 0; i < 200; ++i) {
    const RaeSerial rae = rae_named("rae-" + std::to_string(i % 10));
    const std::int64_t now = clock_.wall_us();
    records.push_back(presence_record(rae, now + i, AgentStatus::kOnline, now - 7'200'000'000));
    records.back().partition = kAgents;
  }
  source_.push(std::move(records));
  start();
  ASSERT_TRUE(wait_for([&] { return !troubles_.text().empty(); }));
  EXPECT_NE(troubles_.text().find("bridge_clock_behind"), std::string::npos) << troubles_.text();
  end();
  EXPECT_TRUE(dead_letters_.letters().empty());
  EXPECT_EQ(assignment_.take_last(), std::vector<PartitionOffset>{}) << "it keeps its batch";
}

TEST_F(LaneTest, goes_on_when_an_agent_cannot_be_told) {
  assignment_.open({{kPartition, 0}, {kAgents, 0}});
  sender_.refusing = true;
  source_.push({presence_now(clock_, rae_, clock_.wall_us() + 7'200'000'000)});
  start();
  ASSERT_TRUE(wait_for([&] { return ingest_metrics_.resyncs_lost.value() == 1; }));
  source_.push(changes(3));
  ASSERT_TRUE(wait_for([&] { return source_.fetched() == 0; }));
  end();
  EXPECT_EQ(store_.sessions.size(), 3U);
}

// Passes a minute, after which the guard has forgotten everything, at every so many calls.
class JumpingClock final : public Clock {
 public:
  explicit JumpingClock(int every) : every_(every) {}
  [[nodiscard]] std::int64_t wall_us() const override { return clock_.wall_us(); }
  [[nodiscard]] SteadyTime steady() const override {
    return clock_.steady() + std::chrono::minutes(calls_++ / every_);
  }

 private:
  const SystemClock clock_;
  const int every_;
  mutable std::atomic<int> calls_ = 0;
};

// 99 records that do not decode, then a batch whose first refused record is one too many.
std::vector<Record> up_to_the_guards_limit(std::vector<Record> records) {
  for (std::size_t i = 0; i < 99; ++i) records[i].value = "{";
  return records;
}

class GuardedLane : public LaneTest, public testing::WithParamInterface<int> {};

TEST_P(GuardedLane, counts_nothing_as_done_that_it_neither_stored_nor_buried) {
  const JumpingClock clock(GetParam());
  const LaneLimits limits{.batch = {120, 1 << 20},
                          .retry = {milliseconds(1), milliseconds(2), 0},
                          .poison_retry = milliseconds(1),
                          .patience = milliseconds(5),
                          .rest = milliseconds(1),
                          .beats = false};
  Lane lane(
      0, {clock, assignment_, dead_letters_, ingest_metrics_, troubles_, resyncs_, {1, 1}, limits},
      store_);
  auto records = up_to_the_guards_limit(changes(200));
  for (std::size_t i = 140; i < 150; ++i) {
    const int session = static_cast<int>(i) + 1;
    records[i] = change(session, session, "cursed");
  }
  store_.refuse_model("cursed");
  source_.push(std::move(records));
  thread_ = std::jthread([&] { lane.run(source_); });
  ASSERT_TRUE(wait_for([&] { return done(200); }));
  end();
  EXPECT_EQ(store_.sessions.size(), 91U);
  EXPECT_EQ(dead_letters_.letters().size(), 109U);
}

INSTANTIATE_TEST_SUITE_P(WhateverTheMoment, GuardedLane, testing::Range(1, 60));

TEST(Assignment, ignores_what_a_turn_reports_after_its_partitions_were_given_up) {
  const SystemClock clock;
  Assignment assignment(clock);
  assignment.open({{kPartition, 0}});
  const auto turn = assignment.enter(0);
  EXPECT_FALSE(assignment.close(milliseconds(0))) << "a lane is inside";
  assignment.take_last();
  assignment.open({{kPartition, 0}});
  Record record;
  record.partition = kPartition;
  assignment.done(*turn, {record});
  EXPECT_TRUE(assignment.given_up(*turn));
  EXPECT_EQ(assignment.take_last(), std::vector<PartitionOffset>{});
}

TEST(Assignment, counts_the_offsets_that_are_missing) {
  const SystemClock clock;
  Assignment assignment(clock);
  assignment.open({{kPartition, 10}});
  const auto turn = assignment.enter(0);
  const auto at = [](std::int64_t offset) {
    Record record;
    record.partition = kPartition;
    record.offset = offset;
    return record;
  };
  EXPECT_EQ(assignment.done(*turn, {at(10), at(11)}), 0);
  EXPECT_EQ(assignment.done(*turn, {at(14), at(15), at(17)}), 3);
  EXPECT_EQ(assignment.done(*turn, {at(0)}), 0) << "the topic was made anew";
}

TEST(Assignment, commits_that_expired_records_are_behind_it) {
  const SystemClock clock;
  Assignment assignment(clock);
  assignment.open({{kPartition, 10, 3}});
  EXPECT_EQ(assignment.take_last(), (std::vector<PartitionOffset>{{kPartition, 10}}));
  assignment.open({{kPartition, std::nullopt}});
  assignment.locate({{kPartition, 20, 1}});
  EXPECT_EQ(assignment.take_last(), (std::vector<PartitionOffset>{{kPartition, 20}}));
  assignment.open({{kPartition, 10}});
  EXPECT_EQ(assignment.take_last(), std::vector<PartitionOffset>{});
}

TEST(Assignment, an_end_wakes_the_lanes_that_wait_to_enter) {
  const SystemClock clock;
  Assignment assignment(clock);
  std::optional<Assignment::Turn> turn = 1;
  std::jthread lane([&] { turn = assignment.enter(0); });
  assignment.end();
  lane.join();
  EXPECT_FALSE(turn);
}

}  // namespace
}  // namespace dmp::registry
