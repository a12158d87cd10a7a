// verify on a real PostgreSQL and emulated brokers, or a real Kafka with DMP_TEST_KAFKA.
#include "registry/verify.h"

#include "base/clock.h"
#include "registry/adapters/kafka_replay.h"
#include "registry/adapters/pqxx_scratch.h"
#include "tests/fixtures/kafka.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

constexpr int kPartitions = 2;
constexpr std::int64_t kDay = 86'400'000'000;

class VerifyTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (const std::string& topic : topics_) kafka_.create_topic(topic, kPartitions);
  }

  // Puts it into Kafka and, as ingest would, into the database.
  void say(const Record& record, int partition) {
    test::KafkaRecord out{record.key, record.value, {}, partition};
    for (const Header& header : record.headers) {
      out.headers.emplace_back(header.name, header.value);
    }
    kafka_.produce(topics_[record.partition.topic == kafka::kDeviceUpdates ? 0 : 1], {out});
    if (auto news = decode_record(record)) write({*news});
  }

  void say_change(int session, std::int64_t stamp, const std::string& model) {
    Facets facets;
    facets.identity = identity_at(stamp, session, model);
    facets.presence = presence_at(stamp, PresenceStatus::kOnline);
    say(update_record(rae_, session, change_at(stamp, facets)), session % kPartitions);
  }

  void say_everything() {
    for (int session = 1; session <= 5; ++session) {
      for (int i = 0; i < 10; ++i) say_change(session, now_ + i, "Ultra " + std::to_string(i));
    }
    say(presence_record(rae_, now_, AgentStatus::kOnline, now_), 0);
    say(record_of(agent_topic(rae_, TopicKind::kRoster),
                  encode(Roster{{now_ + 50}, {session_number(1), session_number(2)}}),
                  kafka::kAgents, now_),
        0);
    say(record_of("dmp/v1/rae-1/nonsense", "{", kafka::kDeviceUpdates, now_), 0);
  }

  Verification run(bool repair = false) {
    PqxxStore live(database_.connection_string());
    KafkaReplayOptions options;
    options.brokers = kafka_.brokers();
    options.group = topics_[0];
    options.topics = topics_;
    auto scratch = PqxxScratch::make(database_.connection_string(), {}, {SystemClock().wall_us()});
    EXPECT_TRUE(scratch) << scratch.error().message;
    schema_ = (*scratch)->schema();
    EXPECT_EQ(schemas(), "1") << schema_;
    auto done = verify({.make_replay = [&] { return KafkaReplay::make(options); },
                        .scratch = **scratch,
                        .live = repair ? &live : nullptr,
                        .settle = std::chrono::milliseconds(0)},
                       {});
    EXPECT_TRUE(done) << done.error().message;
    scratch->reset();
    EXPECT_EQ(schemas(), "0") << "nothing is left of " << schema_;
    return done.value_or(Verification{});
  }

  [[nodiscard]] std::string schemas() const {
    return database_.cell("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '" +
                          schema_ + "'");
  }

  const std::int64_t now_ = SystemClock().wall_us();
  test::TestKafka kafka_;
  const std::vector<std::string> topics_ = {test::unique_name("verify-updates"),
                                            test::unique_name("verify-agents")};
  std::string schema_;
};

TEST_F(VerifyTest, a_database_that_holds_what_the_topics_say_verifies) {
  say_everything();
  const auto before = versions();
  const Verification done = run(true);
  EXPECT_TRUE(done.holds()) << done.left[0].table << " " << done.left[0].what;
  EXPECT_TRUE(done.found.empty());
  EXPECT_EQ(done.records, 53);
  EXPECT_EQ(done.refused, 1);
  EXPECT_EQ(versions(), before) << "no live row was touched";
}

TEST_F(VerifyTest, a_database_ahead_of_what_the_topics_retain_verifies) {
  say_everything();
  Facets newer;
  newer.identity = identity_at(now_ + 100, 1, "Newest");
  write({news_of(rae_, 1, change_at(now_ + 100, newer)),
         news_of(rae_, 77, change_at(now_ + 101, newer))});
  EXPECT_TRUE(run().holds());
}

TEST_F(VerifyTest, finds_a_row_that_was_made_older_and_repairs_it) {
  say_everything();
  const auto rows = [&] { return database_.rows("SELECT model FROM device_session ORDER BY 1"); };
  const auto before = rows();
  database_.execute(
      "UPDATE device_session SET identity_at = identity_at - 5, model = 'old' WHERE "
      "device_session_id = '" +
      session_number(3).str() + "'");
  const std::vector<Difference> expected = {
      {"device_session", "rae-1 " + session_number(3).str(), "identity is older"}};
  const Verification found = run();
  EXPECT_EQ(found.found, expected);
  EXPECT_FALSE(found.holds());
  EXPECT_NE(rows(), before) << "only looked at";
  const Verification repaired = run(true);
  EXPECT_EQ(repaired.found, expected);
  EXPECT_TRUE(repaired.holds());
  EXPECT_EQ(rows(), before);
}

TEST_F(VerifyTest, finds_and_repairs_what_is_missing_or_changed_under_its_stamp) {
  say_everything();
  const auto everything = [&] {
    return database_.rows(
        "SELECT s.device_session_id, model, presence_status, seen_at, (SELECT count(*) FROM "
        "device_event) FROM device_session s JOIN device_state t USING (rae, device_session_id) "
        "ORDER BY 1");
  };
  const auto before = everything();
  database_.execute("DELETE FROM device_state WHERE device_session_id = '" +
                    session_number(1).str() +
                    "'; DELETE FROM device_event WHERE timestamp = " + std::to_string(now_ + 3) +
                    "; UPDATE device_session SET model = 'forged' WHERE device_session_id = '" +
                    session_number(2).str() + "'; UPDATE rae SET roster_at = 5");
  const Verification repaired = run(true);
  EXPECT_EQ(repaired.found.size(), 1 + 5 + 1 + 1U);
  EXPECT_TRUE(repaired.holds()) << repaired.left[0].table << " " << repaired.left[0].what;
  EXPECT_EQ(everything(), before);
}

TEST_F(VerifyTest, does_not_miss_what_the_janitor_may_have_removed) {
  say_change(9, now_ - 20 * kDay, "Gone");
  say_everything();
  database_.execute("DELETE FROM device_event WHERE timestamp < " + std::to_string(now_ - kDay) +
                    "; DELETE FROM device_state WHERE device_session_id = '" +
                    session_number(9).str() +
                    "'; DELETE FROM device_session WHERE "
                    "device_session_id = '" +
                    session_number(9).str() + "'");
  const Verification done = run();
  EXPECT_TRUE(done.holds()) << done.left[0].table << " " << done.left[0].what;
}

}  // namespace
}  // namespace dmp::registry
