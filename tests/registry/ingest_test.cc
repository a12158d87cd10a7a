// The whole ingest role: emulated Kafka, real PostgreSQL.
//
// DMP_POISON_RECORDS=n sends so many records of which one in a hundred is bad, instead of 3000.
#include "registry/ingest.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "registry/adapters/kafka_dead_letters.h"
#include "registry/adapters/kafka_resyncs.h"
#include "registry/adapters/kafka_source.h"
#include "tests/fixtures/kafka.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::Rows;
using test::wait_for;

constexpr int kPartitions = 3;

test::KafkaRecord kafka_record(const Record& record, std::int32_t partition) {
  test::KafkaRecord out{record.key, record.value, {}, partition};
  for (const Header& header : record.headers) out.headers.emplace_back(header.name, header.value);
  return out;
}

// An ingest role that runs on a thread of its own until it is stopped.
class RunningIngest {
 public:
  RunningIngest(const test::TestKafka& kafka, const std::string& database, const std::string& group)
      : dead_letters_(*KafkaDeadLetters::make(kafka.brokers())),
        resyncs_(*KafkaResyncs::make(kafka.brokers(), metrics_)),
        ingest_(
            {.clock = clock_,
             .metrics = metrics_,
             .dead_letters = *dead_letters_,
             .resyncs = *resyncs_,
             .make_source =
                 [brokers = kafka.brokers(), group](AssignmentListener& listener) {
                   KafkaSourceOptions options;
                   options.brokers = brokers;
                   options.group = group;
                   options.session_timeout_ms = 3000;
                   return KafkaSource::make(options, listener);
                 },
             .make_store = [database] { return std::make_unique<PqxxStore>(database); },
             .share = {},
             .limits = {.batch = {50, 1 << 20},
                        .retry = {std::chrono::milliseconds(5), std::chrono::milliseconds(50), 0},
                        .beat_every = std::chrono::milliseconds(100)}}),
        thread_([this](const std::stop_token& stop) { ingest_.run(stop); }) {}

  ~RunningIngest() { stop(); }

  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] Verdict ready() const { return ingest_.ready(); }
  [[nodiscard]] std::string metrics() const { return metrics_.text(); }
  [[nodiscard]] bool counted(const std::string& line) const {
    return metrics().find(line) != std::string::npos;
  }

 private:
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::unique_ptr<ResyncSender> resyncs_;
  Ingest ingest_;
  std::jthread thread_;
};

class IngestTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (!kafka_.is_emulated())
      GTEST_SKIP() << "needs topics of its own: run without DMP_TEST_KAFKA";
    kafka_.create_topic("dmp.device-updates", kPartitions);
    kafka_.create_topic("dmp.agents", kPartitions);
    kafka_.create_topic("dmp.dead-letters", 1);
    kafka_.create_topic("dmp.device-commands", kPartitions);
  }

  // `count` changes of one session in each partition.
  void produce_changes(int first, int count) {
    std::vector<test::KafkaRecord> records;
    for (int partition = 0; partition < kPartitions; ++partition) {
      for (int i = first; i < first + count; ++i) {
        Facets facets;
        facets.identity = identity_at(i, partition, "Ultra");
        facets.software = software_at(i, std::to_string(i));
        records.push_back(
            kafka_record(update_record(rae_, partition, change_at(i, facets)), partition));
      }
    }
    kafka_.produce("dmp.device-updates", records);
  }

  [[nodiscard]] bool stored(const std::string& firmware) const {
    return database_.cell("SELECT count(*) FROM device_session WHERE firmware_version = '" +
                          firmware + "'") == std::to_string(kPartitions);
  }

  [[nodiscard]] std::int64_t committed() const {
    return kafka_.committed("test", "dmp.device-updates");
  }

  test::TestKafka kafka_;
};

TEST_F(IngestTest, stores_what_kafka_holds_and_resumes_from_what_it_committed) {
  produce_changes(1, 100);
  kafka_.produce("dmp.agents",
                 {kafka_record(presence_record(rae_, 5, AgentStatus::kOnline, 1000), 0)});
  {
    RunningIngest ingest(kafka_, database_.connection_string(), "test");
    ASSERT_TRUE(wait_for([&] { return stored("100"); }));
    ASSERT_TRUE(wait_for([&] { return database_.cell("SELECT count(*) FROM rae") == "1"; }));
    ASSERT_TRUE(wait_for([&] { return ingest.ready().good; })) << ingest.ready().reason;
    ASSERT_TRUE(wait_for(
        [&] { return database_.cell("SELECT count(*) FROM ingest WHERE behind_ms = 0") == "6"; }));
  }
  EXPECT_EQ(committed(), 3 * 100) << "a clean stop leaves nothing to be delivered twice";

  // What is not delivered again cannot be stored again.
  database_.execute("DELETE FROM device_session; DELETE FROM device_event");
  produce_changes(101, 1);
  RunningIngest again(kafka_, database_.connection_string(), "test");
  ASSERT_TRUE(wait_for([&] { return stored("101"); }));
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "3");
}

TEST_F(IngestTest, replaying_the_topics_from_the_beginning_touches_no_row) {
  produce_changes(1, 50);
  {
    RunningIngest ingest(kafka_, database_.connection_string(), "test");
    ASSERT_TRUE(wait_for([&] { return stored("50"); }));
  }
  const Rows before = versions();
  RunningIngest again(kafka_, database_.connection_string(), "another");
  ASSERT_TRUE(
      wait_for([&] { return kafka_.committed("another", "dmp.device-updates") == 3 * 50; }));
  again.stop();
  EXPECT_EQ(versions(), before);
}

TEST_F(IngestTest, a_bad_record_lands_in_dead_letters_and_the_rest_flows) {
  database_.execute("ALTER TABLE device_session ADD CONSTRAINT test CHECK (model <> 'cursed')");
  Facets cursed;
  cursed.identity = identity_at(1, 9, "cursed");
  kafka_.produce(
      "dmp.device-updates",
      {kafka_record(record_of("dmp/v1/rae-1/nonsense", "{", kafka::kDeviceUpdates, 9), 0),
       kafka_record(update_record(rae_, 9, change_at(1, cursed)), 0)});
  produce_changes(1, 20);
  RunningIngest ingest(kafka_, database_.connection_string(), "test");
  ASSERT_TRUE(wait_for([&] { return stored("20"); }));
  ASSERT_TRUE(wait_for([&] { return committed() == 3 * 20 + 2; }));
  ingest.stop();
  const auto letters = kafka_.records("dmp.dead-letters");
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].value, "{");
  EXPECT_EQ(letters[0].key, "dmp/v1/rae-1/nonsense");
  EXPECT_EQ(letters[0].header("dmp-reason-code"), "bad_topic");
  EXPECT_EQ(letters[0].header("dmp-source-topic"), "dmp.device-updates");
  EXPECT_EQ(letters[0].header("dmp-source-partition"), "0");
  EXPECT_EQ(letters[0].header("dmp-source-offset"), "0");
  EXPECT_EQ(letters[0].header("dmp-bridge"), "bridge-1");
  EXPECT_EQ(letters[1].header("dmp-reason-code"), "refused_by_database");
  EXPECT_EQ(letters[1].header("dmp-sqlstate"), "23514");
  EXPECT_EQ(letters[1].header("dmp-source-offset"), "1");
}

TEST_F(IngestTest, one_bad_record_in_a_hundred_costs_the_others_nothing) {
  constexpr int kChunk = 15'000;  // an emulated broker keeps 5 MB of a partition
  constexpr int kOneIn = 100;
  const char* asked = std::getenv("DMP_POISON_RECORDS");
  const int count = asked == nullptr ? 3000 : std::atoi(asked);
  // Of the history, where nothing is folded.
  database_.execute(
      "ALTER TABLE device_event ADD CONSTRAINT test CHECK (facets NOT LIKE '%cursed%');"
      "ALTER TABLE device_event ADD COLUMN place BIGSERIAL");  // in the order of arrival
  RunningIngest ingest(kafka_, database_.connection_string(), "test");
  std::set<std::string> bad;  // partition and offset
  std::vector<std::string> newest(kPartitions);
  for (int begin = 0; begin < count; begin += kChunk) {
    std::vector<test::KafkaRecord> records;
    const int end = std::min(count, begin + kChunk);
    for (int i = begin; i < end; ++i) {
      const int partition = i % kPartitions;
      const bool is_bad = i % kOneIn == kOneIn - 1;
      Facets facets;
      facets.identity = identity_at(i + 1, partition, is_bad ? "cursed" : "Ultra");
      facets.software = software_at(i + 1, std::to_string(i));
      Record record = update_record(rae_, partition, change_at(i + 1, facets));
      if (is_bad && i % (2 * kOneIn) < kOneIn) record.value.resize(record.value.size() / 2);
      if (is_bad) bad.insert(std::to_string(partition) + "/" + std::to_string(i / kPartitions));
      if (!is_bad) newest[static_cast<std::size_t>(partition)] = std::to_string(i);
      records.push_back(kafka_record(record, partition));
    }
    kafka_.produce("dmp.device-updates", records);
    ASSERT_TRUE(wait_for([&] { return committed() == end; }, std::chrono::seconds(300)));
  }
  ingest.stop();
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"),
            std::to_string(static_cast<std::size_t>(count) - bad.size()));
  EXPECT_EQ(
      database_.cell("SELECT count(*) FROM (SELECT timestamp < lag(timestamp) OVER (PARTITION "
                     "BY device_session_id ORDER BY place) AS early FROM device_event) e "
                     "WHERE early"),
      "0")
      << "in the order of their partition";
  std::set<std::string> letters;
  std::map<std::string, std::int64_t> newest_letter;  // offset, of each partition
  const auto all = kafka_.records("dmp.dead-letters");
  for (const auto& letter : all) {
    std::int64_t& newest_offset = newest_letter[letter.header("dmp-source-partition")];
    const std::int64_t offset = std::stoll(letter.header("dmp-source-offset"));
    EXPECT_GT(offset, newest_offset) << "in the order of their partition";
    newest_offset = offset;
    letters.insert(letter.header("dmp-source-partition") + "/" +
                   letter.header("dmp-source-offset"));
  }
  EXPECT_EQ(letters, bad);
  EXPECT_EQ(all.size(), bad.size()) << "each once";
  Rows expected;
  for (const std::string& firmware : newest) expected.push_back({firmware});
  EXPECT_EQ(database_.rows("SELECT firmware_version FROM device_session ORDER BY "
                           "device_session_id"),
            expected);
}

TEST_F(IngestTest, tells_a_wiped_agent_the_floor_and_only_once_a_minute) {
  const std::int64_t now = SystemClock().wall_us();
  const auto online = [&](std::int64_t stamp) {
    return kafka_record(presence_record(rae_, stamp, AgentStatus::kOnline, now), 0);
  };
  Facets facets;
  facets.identity = identity_at(now - 10, 1, "Ultra");
  kafka_.produce("dmp.device-updates",
                 {kafka_record(update_record(rae_, 1, change_at(now - 10, facets)), 1)});
  kafka_.produce("dmp.agents", {online(now - 20)});
  RunningIngest ingest(kafka_, database_.connection_string(), "test");
  ASSERT_TRUE(wait_for([&] { return database_.cell("SELECT count(*) FROM rae") == "1"; }));
  ASSERT_TRUE(wait_for([&] { return database_.cell("SELECT count(*) FROM device_state") == "1"; }));

  constexpr std::int64_t kDay = 86'400'000'000;
  kafka_.produce("dmp.agents", {online(now - kDay)});
  ASSERT_TRUE(wait_for([&] { return ingest.counted("dmp_ingest_resyncs_total 1"); }));
  const std::string roster = encode(Roster{{now - kDay + 5}, {session_number(9)}});
  kafka_.produce(
      "dmp.agents",
      {online(now - kDay + 1),
       kafka_record(record_of(agent_topic(rae_, TopicKind::kRoster),
                              encode(Roster{{now + 5}, {session_number(9)}}), kafka::kAgents, now),
                    0),
       kafka_record(record_of(agent_topic(rae_, TopicKind::kRoster), roster, kafka::kAgents, now),
                    0)});
  ASSERT_TRUE(wait_for([&] { return kafka_.committed("test", "dmp.agents") == 5; }));
  // A stop waits only so long for Kafka to take it.
  ASSERT_TRUE(wait_for([&] { return !kafka_.records("dmp.device-commands").empty(); }));
  ingest.stop();
  EXPECT_TRUE(ingest.counted("dmp_ingest_resyncs_total 1")) << "within the same minute";
  const auto sent = kafka_.records("dmp.device-commands");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].key, "dmp/v1/rae-1/agent/resync");
  EXPECT_EQ(sent[0].header("dmp-bridge"), "bridge-1");
  const Resync resync = decode_resync(sent[0].value).value();
  EXPECT_EQ(resync.floor.us, now - 10);
  EXPECT_EQ(resync.presence.us, now - 20);
  EXPECT_EQ(sent[0].header("dmp-expires-at"), std::to_string(resync.sent_at.us + 60'000'000));
}

TEST_F(IngestTest, waits_for_the_database_and_says_so_without_leaving_the_group) {
  RunningIngest ingest(kafka_, database_.connection_string(), "test");
  ASSERT_TRUE(wait_for([&] { return ingest.ready().good; }));
  // Locked rows make every write time out or wait; a renamed table makes it fail.
  database_.execute("ALTER TABLE device_state RENAME TO hidden");
  produce_changes(1, 10);
  ASSERT_TRUE(wait_for([&] {
    return ingest.ready().reason.find("device_state") != std::string::npos;
  })) << ingest.ready().reason;
  EXPECT_FALSE(ingest.ready().good);
  EXPECT_EQ(committed(), 0);
  EXPECT_NE(ingest.metrics().find("dmp_ingest_rebalances_total 1"), std::string::npos);
}

TEST_F(IngestTest, two_members_share_the_partitions_and_lose_nothing_when_one_leaves) {
  RunningIngest first(kafka_, database_.connection_string(), "test");
  produce_changes(1, 30);
  ASSERT_TRUE(wait_for([&] { return stored("30"); }));
  {
    RunningIngest second(kafka_, database_.connection_string(), "test");
    ASSERT_TRUE(wait_for([&] { return second.ready().good; })) << second.ready().reason;
    produce_changes(31, 30);
    ASSERT_TRUE(wait_for([&] { return stored("60"); }));
  }
  produce_changes(61, 30);
  ASSERT_TRUE(wait_for([&] { return stored("90"); }));
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), std::to_string(3 * 90));
}

TEST_F(IngestTest, members_that_come_and_go_all_the_time_lose_nothing_and_leave_nothing_stale) {
  constexpr int kTimes = 6;
  constexpr int kEach = 200;
  watch_firmware();
  // Kafka counts the time of each member that is gone while it waits for it again.
  constexpr std::chrono::seconds kSettled{180};
  std::deque<RunningIngest> members;
  for (int time = 0; time < kTimes; ++time) {
    produce_changes(1 + time * kEach, kEach);
    members.emplace_back(kafka_, database_.connection_string(), "test");
    if (members.size() > 2) members.pop_front();
  }
  EXPECT_TRUE(wait_for([&] { return stored(std::to_string(kTimes * kEach)); }, kSettled));
  EXPECT_TRUE(wait_for(
      [&] {
        return database_.cell("SELECT count(*) FROM device_event") ==
               std::to_string(kPartitions * kTimes * kEach);
      },
      kSettled))
      << database_.cell("SELECT count(*) FROM device_event");
  EXPECT_EQ(went_back(), "0");
}

TEST_F(IngestTest, stops_though_kafka_is_down) {
  RunningIngest ingest(kafka_, database_.connection_string(), "test");
  produce_changes(1, 10);
  ASSERT_TRUE(wait_for([&] { return stored("10"); }));
  kafka_.break_down();
  ASSERT_TRUE(wait_for([&] {
    return ingest.ready().reason.find("Kafka down") != std::string::npos;
  })) << ingest.ready().reason;
  ingest.stop();
}

}  // namespace
}  // namespace dmp::registry
