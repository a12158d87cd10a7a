// The program itself, asked to stop in every state, killed, and frozen past its session: emulated
// Kafka, real PostgreSQL.
//
// DMP_KILLS=n kills it n times instead of once; DMP_ZOMBIE=1 also freezes it (half a minute).
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fixtures/kafka.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

extern char** environ;

namespace dmp::registry {
namespace {

using test::wait_for;

constexpr int kPartitions = 3;
constexpr const char* kGroup = "test";
constexpr const char* kTopic = "dmp.device-updates";

class RegistryProcess {
 public:
  explicit RegistryProcess(const std::vector<std::string>& arguments)
      : log_(std::filesystem::temp_directory_path() / test::unique_name("dmp-registry-log")) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(), O_WRONLY | O_CREAT,
                                     0600);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    std::vector<char*> argv = {const_cast<char*>(DMP_REGISTRY_PROGRAM)};
    for (const auto& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    DMP_CHECK(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~RegistryProcess() {
    if (pid_ > 0) {
      send(SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove(log_);
  }
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;

  void send(int signal) const { kill(pid_, signal); }

  // Its exit status, or minus the signal that ended it, once it has ended.
  int ended() {
    int status = 0;
    const bool has = wait_for([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!has) return -SIGSTOP;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  [[nodiscard]] std::string said() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool says(const std::string& word) const {
    return wait_for([&] { return said().find(word) != std::string::npos; });
  }

 private:
  const std::filesystem::path log_;
  pid_t pid_ = -1;
};

class ProcessTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
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
  [[nodiscard]] std::int64_t committed() const {
    return kafka_.committed(kGroup, kTopic, kPartitions);
  }
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

TEST_F(ProcessTest, killed_before_it_could_commit_it_loses_nothing_and_leaves_nothing_stale) {
  const char* asked = std::getenv("DMP_KILLS");
  const int kills = asked == nullptr ? 1 : std::atoi(asked);
  std::int64_t repeated = 0;
  for (int i = 0; i < kills; ++i) {
    produce_changes(2000);
    RegistryProcess registry(arguments());
    const std::int64_t before = stored();
    ASSERT_TRUE(wait_for([&] { return stored() > before; })) << registry.said();
    registry.send(SIGKILL);
    EXPECT_EQ(registry.ended(), -SIGKILL);
    repeated += stored() - committed();
  }
  std::cout << repeated << " records were stored and not committed when it was killed\n";
  produce_changes(1);
  RegistryProcess last(arguments());
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); }))
      << stored() << " of " << kPartitions * last_ << "\n"
      << last.said();
  last.send(SIGTERM);
  EXPECT_EQ(last.ended(), 0);
  EXPECT_EQ(committed(), kPartitions * last_);
}

TEST_F(ProcessTest, frozen_past_its_session_it_overwrites_nothing_when_it_goes_on) {
  if (std::getenv("DMP_ZOMBIE") == nullptr) GTEST_SKIP() << "only with DMP_ZOMBIE=1";
  produce_changes(3000);
  RegistryProcess zombie(arguments());
  ASSERT_TRUE(wait_for([&] { return stored() > 0; })) << zombie.said();
  zombie.send(SIGSTOP);
  RegistryProcess heir(arguments());
  produce_changes(1);
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); })) << heir.said();
  zombie.send(SIGCONT);
  ASSERT_TRUE(wait_for([&] {
    const std::string said = zombie.said();
    const auto revoked = said.find("partitions_revoked");
    return revoked != std::string::npos &&
           said.find("partitions_assigned", revoked) != std::string::npos;
  })) << zombie.said();
  produce_changes(1);
  EXPECT_TRUE(wait_for([&] { return all_stored() && none_stale(); })) << zombie.said();
}

}  // namespace
}  // namespace dmp::registry
