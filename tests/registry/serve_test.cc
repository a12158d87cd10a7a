// The whole program in this process: emulated Kafka, real PostgreSQL.
#include "registry/serve.h"

#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <httplib.h>

#include "registry/check_database.h"
#include "tests/fixtures/free_port.h"
#include "tests/fixtures/kafka.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::wait_for;

class ServeTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (const char* topic : {"dmp.device-updates", "dmp.agents", "dmp.dead-letters"}) {
      kafka_.create_topic(topic, 1);
    }
    options_.command = "serve";
    options_.roles = {"ingest"};
    options_.database = database_.connection_string();
    options_.kafka_brokers = kafka_.brokers();
    options_.kafka_group = "test";
    options_.admin_port = test::free_port();
  }

  void TearDown() override {
    stop_.request();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    thread_ = std::jthread([this] { ended_ = serve(options_, stop_); });
  }

  // Of one session.
  void produce_changes(int first, int count) {
    std::vector<test::KafkaRecord> records;
    for (int i = first; i < first + count; ++i) {
      Facets facets;
      facets.identity = identity_at(i, 1, "Ultra");
      const Record record = update_record(rae_, 1, change_at(i, facets));
      records.push_back({record.key, record.value, {}, 0, 0});
    }
    kafka_.produce("dmp.device-updates", records);
  }

  [[nodiscard]] httplib::Result get(const std::string& path) const {
    return httplib::Client("127.0.0.1", static_cast<int>(options_.admin_port)).Get(path);
  }

  [[nodiscard]] bool is_ready() const {
    const auto answer = get("/readyz");
    return answer && answer->status == 200;
  }

  test::TestKafka kafka_;
  Options options_;
  Stop stop_;
  Status ended_ = fail("running", "");
  std::jthread thread_;
};

TEST_F(ServeTest, a_stop_at_the_admin_port_commits_all_that_was_stored_like_a_signal) {
  produce_changes(1, 200);
  start();
  ASSERT_TRUE(wait_for([&] { return is_ready(); })) << ended_.error().message;
  produce_changes(201, 2000);
  httplib::Client client("127.0.0.1", static_cast<int>(options_.admin_port));
  const auto answer = client.Post("/stop");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 202);
  thread_.join();
  EXPECT_TRUE(ended_) << ended_.error().message;
  const std::int64_t committed = kafka_.committed("test", "dmp.device-updates");
  EXPECT_GE(committed, 200);
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), std::to_string(committed));
  EXPECT_FALSE(get("/livez")) << "nobody is there any more";
}

TEST_F(ServeTest, verify_ends_with_1_while_a_row_is_behind_the_topics_and_with_0_once_repaired) {
  produce_changes(1, 5);
  options_.command = "verify";
  EXPECT_EQ(check_database(options_, stop_.token()), 1) << "nothing was stored yet";
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "0");
  options_.repair = true;
  EXPECT_EQ(check_database(options_, stop_.token()), 0);
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "5");
  options_.repair = false;
  EXPECT_EQ(check_database(options_, stop_.token()), 0);
  EXPECT_EQ(kafka_.committed("test", "dmp.device-updates"), 0) << "it is in no group";
}

TEST_F(ServeTest, verify_says_why_it_cannot_and_leaves_nothing_behind) {
  const auto schemas = [&] {
    return database_.cell(
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'dmp_verify_%'");
  };
  options_.command = "verify";
  stop_.request();
  produce_changes(1, 5);
  EXPECT_EQ(check_database(options_, stop_.token()), 3);
  EXPECT_EQ(schemas(), "0");
}

TEST_F(ServeTest, verify_that_cannot_read_ends_with_3_and_leaves_no_word_of_a_schema) {
  options_.command = "verify";
  Options away = options_;
  away.database = "host=/nonexistent dbname=dmp";
  testing::internal::CaptureStderr();
  const int status = check_database(away, stop_.token());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, 3);
  EXPECT_NE(said.find("setting database: "), std::string::npos) << said;
  EXPECT_EQ(said.find("scratch_left"), std::string::npos) << said;
}

TEST_F(ServeTest, verify_without_kafka_ends_with_3_and_names_its_setting) {
  options_.command = "verify";
  kafka_.break_down();
  testing::internal::CaptureStderr();
  const int status = check_database(options_, stop_.token());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, 3);
  for (const std::string& part :
       {std::string("Kafka down"), std::string("kafka-brokers"), options_.kafka_brokers}) {
    EXPECT_NE(said.find(part), std::string::npos) << said;
  }
}

class Checked : public testing::Test {
 protected:
  [[nodiscard]] std::string refusal() const {
    const auto status = options_.check();
    return status ? "" : status.error().message;
  }

  Options options_ = [] {
    Options options;
    options.command = "serve";
    options.roles = {"ingest"};
    options.database = "host=127.0.0.1 dbname=dmp";
    options.kafka_brokers = "127.0.0.1:9092";
    return options;
  }();
};

TEST_F(Checked, settings_that_cannot_work_are_refused_by_their_names) {
  EXPECT_EQ(refusal(), "");
  const auto refuses = [&](std::string& setting, const std::string& value, const char* name) {
    const std::string before = std::exchange(setting, value);
    EXPECT_NE(refusal().find("setting " + std::string(name) + ": "), std::string::npos)
        << value << ": " << refusal();
    setting = before;
  };
  for (const char* bad : {"", "host", "host=a no-such-word=1", "host=a port=0", "host=a port=http",
                          "postgresql://a:99999/dmp", "postgresql://a:b:c/"}) {
    refuses(options_.database, bad, "database");
  }
  refuses(options_.kafka_brokers, "kafka:0", "kafka-brokers");
  refuses(options_.kafka_group, "", "kafka-group");
  refuses(options_.admin_address, "no such host", "admin-address");
  options_.roles = {"api"};
  refuses(options_.api.tokens, "", "tokens");
  refuses(options_.api.tokens, "/nonexistent/tokens", "tokens");
  options_.roles = {"ingest"};
  options_.database = "host=a,b port=,5433 dbname=dmp";
  EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace dmp::registry
