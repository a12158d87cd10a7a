// The program itself, asked to stop in every state, killed, frozen past its session, and one of
// many that come and go: emulated Kafka, real PostgreSQL.
//
// DMP_KILLS=n kills it n times instead of once; DMP_ZOMBIE=1 also freezes it (a minute);
// DMP_STORM_SECONDS=n lets a member join, leave or die every 2 s for so long, and then settle.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fixtures/kafka.h"
#include "tests/fixtures/logged_program.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::wait_for;

constexpr int kPartitions = 3;
constexpr const char* kGroup = "test";
constexpr const char* kTopic = "dmp.device-updates";
// A member that is gone counts as one for 15 s; so does each that is gone while Kafka waits for it.
constexpr std::chrono::seconds kSettled{180};

class RegistryProcess : public test::LoggedProgram {
 public:
  explicit RegistryProcess(const std::vector<std::string>& arguments)
      : LoggedProgram(
            DMP_REGISTRY_PROGRAM, arguments,
            std::filesystem::temp_directory_path() / test::unique_name("dmp-registry-log")) {}
};

class ProcessTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    watch_firmware();
    kafka_.create_topic(kTopic, kPartitions);
    kafka_.create_topic("dmp.agents", 1);
    kafka_.create_topic("dmp.dead-letters", 1);
    kafka_.create_topic("dmp.device-commands", 1);
  }

  [[nodiscard]] std::vector<std::string> arguments() const {
    return {"serve",
            "--roles",
            "ingest",
            "--database",
            database_.connection_string(),
            "--kafka-brokers",
            kafka_.brokers(),
            "--kafka-group",
            kGroup,
            "--admin-port",
            "0"};
  }

  // So many changes of one session in each partition, each newer than all before.
  void produce_changes(int count) {
    std::vector<test::KafkaRecord> records;
    for (int i = 0; i < count; ++i) {
      ++last_;
      Facets facets;
      facets.software = software_at(last_, std::to_string(last_));
      for (int partition = 0; partition < kPartitions; ++partition) {
        const Record record = update_record(rae_, partition, change_at(last_, facets));
        records.push_back({record.key, record.value, {}, partition, 0});
      }
    }
    kafka_.produce(kTopic, records);
  }

  [[nodiscard]] std::int64_t stored() const {
    return std::stoll(database_.cell("SELECT count(*) FROM device_event"));
  }
  [[nodiscard]] std::int64_t committed() const { return kafka_.committed(kGroup, kTopic); }
  [[nodiscard]] bool all_stored() const { return stored() == kPartitions * last_; }
  [[nodiscard]] bool none_stale() const {
    return database_.cell("SELECT count(*) FROM device_session WHERE firmware_version = '" +
                          std::to_string(last_) + "'") == std::to_string(kPartitions);
  }

  test::TestKafka kafka_;
  std::int64_t last_ = 0;
};

TEST_F(ProcessTest, ends_when_asked_while_it_has_nothing_to_do) {
  RegistryProcess registry(arguments());
  ASSERT_TRUE(registry.says("partitions_assigned")) << registry.said();
  registry.send(SIGTERM);
  EXPECT_EQ(registry.ended(), 0) << registry.said();
}

TEST_F(ProcessTest, ends_when_asked_with_its_queues_full_and_nothing_comes_twice) {
  produce_changes(5000);
  RegistryProcess registry(arguments());
  ASSERT_TRUE(wait_for([&] { return stored() > 0; })) << registry.said();
  registry.send(SIGTERM);
  EXPECT_EQ(registry.ended(), 0) << registry.said();
  EXPECT_EQ(committed(), stored());
}

TEST_F(ProcessTest, ends_when_asked_while_kafka_is_down) {
  RegistryProcess registry(arguments());
  ASSERT_TRUE(registry.says("partitions_assigned")) << registry.said();
  kafka_.break_down();
  registry.send(SIGTERM);
  EXPECT_EQ(registry.ended(), 0) << registry.said();
}

TEST_F(ProcessTest, ends_when_asked_while_the_database_is_down) {
  RegistryProcess registry(arguments());
  ASSERT_TRUE(registry.says("partitions_assigned")) << registry.said();
  if (!test::TestDatabase::stop_server()) GTEST_SKIP() << "needs a database of its own";
  produce_changes(10);
  const bool noticed = registry.says("database_away");
  registry.send(SIGTERM);
  const int status = registry.ended();
  test::TestDatabase::start_server();
  EXPECT_TRUE(noticed) << registry.said();
  EXPECT_EQ(status, 0) << registry.said();
  EXPECT_EQ(committed(), 0);
}

TEST_F(ProcessTest, ends_when_asked_while_the_database_stands_still_and_tells_of_it_before) {
  const std::string tokens =
      std::filesystem::temp_directory_path() / test::unique_name("dmp-tokens");
  std::ofstream(tokens) << R"({"tokens":[]})";
  std::filesystem::permissions(tokens, std::filesystem::perms(0600));
  auto with_api = arguments();
  with_api[2] = "ingest,api";
  with_api.insert(with_api.end(), {"--tokens", tokens, "--api-port", "0"});
  std::string& database = with_api[4];
  const std::string timeout = "statement_timeout=30000";
  database.replace(database.find(timeout), timeout.size(), "statement_timeout=100");
  RegistryProcess registry(with_api);
  ASSERT_TRUE(registry.says("api_database_reached")) << registry.said();
  ASSERT_TRUE(registry.says("partitions_assigned")) << registry.said();
  const test::TestDatabase::ThawAtEnd thaw_at_end;
  if (!test::TestDatabase::freeze_server()) GTEST_SKIP() << "needs a database of its own";
  produce_changes(10);
  const bool noticed = registry.says("event=database_away") && registry.says("api_database_away");
  registry.send(SIGTERM);
  const int status = registry.ended();
  test::TestDatabase::thaw_server();
  std::filesystem::remove(tokens);
  EXPECT_TRUE(noticed) << registry.said();
  EXPECT_NE(registry.said().find("the database has not answered for"), std::string::npos);
  EXPECT_EQ(status, 0) << registry.said();
  EXPECT_EQ(committed(), 0);
}

TEST_F(ProcessTest, ends_when_asked_just_after_the_database_came_to_stand_still) {
  RegistryProcess registry(arguments());
  ASSERT_TRUE(registry.says("partitions_assigned")) << registry.said();
  produce_changes(1);
  ASSERT_TRUE(wait_for([&] { return all_stored(); })) << registry.said();
  const test::TestDatabase::ThawAtEnd thaw_at_end;
  if (!test::TestDatabase::freeze_server()) GTEST_SKIP() << "needs a database of its own";
  produce_changes(10);
  registry.send(SIGTERM);
  const int status = registry.ended();
  test::TestDatabase::thaw_server();
  EXPECT_EQ(status, 0) << registry.said();
}

TEST_F(ProcessTest, killed_before_it_could_commit_it_loses_nothing_and_leaves_nothing_stale) {
  const char* asked = std::getenv("DMP_KILLS");
  const int kills = asked == nullptr ? 1 : std::atoi(asked);
  std::int64_t repeated = 0;
  kafka_.refuse_commits();
  for (int i = 0; i < kills; ++i) {
    produce_changes(2000);
    RegistryProcess registry(arguments());
    const std::int64_t before = stored();
    ASSERT_TRUE(wait_for([&] { return stored() > before; })) << registry.said();
    registry.send(SIGKILL);
    EXPECT_EQ(registry.ended(), -SIGKILL);
    repeated += stored() - committed();
  }
  kafka_.accept_commits();
  std::cout << repeated << " records were stored and not committed when it was killed\n";
  EXPECT_GT(repeated, 0) << "nothing had to come twice";
  EXPECT_EQ(went_back(), "0");
  produce_changes(1);
  RegistryProcess last(arguments());
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); }, kSettled))
      << stored() << " of " << kPartitions * last_ << "\n"
      << last.said();
  last.send(SIGTERM);
  EXPECT_EQ(last.ended(), 0);
  EXPECT_EQ(committed(), kPartitions * last_);
}

TEST_F(ProcessTest, frozen_past_its_session_it_overwrites_nothing_when_it_goes_on) {
  if (std::getenv("DMP_ZOMBIE") == nullptr) GTEST_SKIP() << "only with DMP_ZOMBIE=1";
  produce_changes(5000);
  RegistryProcess zombie(arguments());
  ASSERT_TRUE(wait_for([&] { return stored() > 0; })) << zombie.said();
  zombie.send(SIGSTOP);
  const std::int64_t frozen_at = stored();
  RegistryProcess heir(arguments());
  produce_changes(1);
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); }, kSettled)) << heir.said();
  ASSERT_LT(frozen_at, kPartitions * last_) << "it had nothing left to write late";
  zombie.send(SIGCONT);
  ASSERT_TRUE(wait_for(
      [&] {
        const std::string said = zombie.said();
        const auto revoked = said.find("partitions_revoked");
        return revoked != std::string::npos &&
               said.find("partitions_assigned", revoked) != std::string::npos;
      },
      kSettled))
      << zombie.said();
  produce_changes(1);
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); }, kSettled)) << zombie.said();
  EXPECT_EQ(went_back(), "0");
}

TEST_F(ProcessTest, members_that_join_leave_and_die_all_the_time_lose_nothing) {
  const char* asked = std::getenv("DMP_STORM_SECONDS");
  if (asked == nullptr) GTEST_SKIP() << "only with DMP_STORM_SECONDS";
  constexpr std::chrono::seconds kEvery{2};
  constexpr std::size_t kMembersMax = 4;
  std::mt19937 random(1);
  std::vector<std::unique_ptr<RegistryProcess>> members;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(asked));
  int joined = 0;
  int left = 0;
  int died = 0;
  while (std::chrono::steady_clock::now() < end) {
    produce_changes(100);
    if (members.size() < 2 || (members.size() < kMembersMax && random() % 2 == 0)) {
      members.push_back(std::make_unique<RegistryProcess>(arguments()));
      ++joined;
    } else {
      const auto gone = members.begin() + static_cast<std::ptrdiff_t>(random() % members.size());
      const bool dies = random() % 2 == 0;
      dies ? ++died : ++left;
      (*gone)->send(dies ? SIGKILL : SIGTERM);
      EXPECT_EQ((*gone)->ended(), dies ? -SIGKILL : 0) << (*gone)->said();
      members.erase(gone);
    }
    wait_for([] { return false; }, kEvery);
  }
  std::cout << joined << " joined, " << left << " left, " << died << " died; " << stored() << " of "
            << kPartitions * last_ << " records stored meanwhile\n";
  if (members.empty()) members.push_back(std::make_unique<RegistryProcess>(arguments()));
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); }, kSettled))
      << stored() << " of " << kPartitions * last_ << "\n"
      << members.front()->said();
  EXPECT_EQ(went_back(), "0");
}

}  // namespace
}  // namespace dmp::registry
