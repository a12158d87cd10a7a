// What the broker has acknowledged reaches Kafka although the bridge is killed again and again: the
// real program, a real Mosquitto, and librdkafka's mock cluster or the Kafka of DMP_TEST_KAFKA.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/bridge/kafka_broker.h"
#include "tests/bridge/mqtt_broker.h"
#include "tests/bridge/scratch_folder.h"

extern char** environ;

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr int kKills = 15;
constexpr int kKeys = 4;
constexpr std::size_t kWindowMessages = 6000;
// What the broker may have sent without an acknowledgement, and as much again that Kafka has stored
// and not yet reported.
constexpr std::size_t kRepeatedPerKill = 400;
constexpr std::chrono::seconds kPatience{30};
constexpr const char* kTopic = "dmp.device-updates";
constexpr const char* kLast = "last";

class BridgeProcess {
 public:
  explicit BridgeProcess(const std::vector<std::string>& arguments) {
    int log[2];
    DMP_CHECK(pipe2(log, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, log[1], STDERR_FILENO);
    // A bridge that refuses a message shuts all its connections to the broker; ours is not its own.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    std::vector<char*> argv = {const_cast<char*>(DMP_BRIDGE_PROGRAM)};
    for (const auto& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    DMP_CHECK(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(log[1]);
    log_ = log[0];
  }
  ~BridgeProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(log_);
  }
  BridgeProcess(const BridgeProcess&) = delete;
  BridgeProcess& operator=(const BridgeProcess&) = delete;

  // Whether it says so within that time.
  bool says(const std::string& word, milliseconds time) {
    const auto deadline = Steady::now() + time;
    while (said_.find(word) == std::string::npos) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
      pollfd readable{log_, POLLIN, 0};
      if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) != 1) return false;
      std::array<char, 4096> chunk{};
      const ssize_t size = read(log_, chunk.data(), chunk.size());
      DMP_CHECK(size > 0);  // it has ended by itself
      said_.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return true;
  }
  // Lets it work for that long.
  void work(milliseconds time) { says("(never)", time); }
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  pid_t pid_ = -1;
  int log_ = -1;
  std::string said_;
};

struct Outcome {
  std::size_t acknowledged = 0;
  std::size_t lost = 0;
  std::size_t duplicates = 0;
  std::size_t out_of_order = 0;
  int set_aside = 0;
};

class CrashLoop : public testing::Test {
 protected:
  CrashLoop() {
    if (const char* given = std::getenv("DMP_TEST_KAFKA")) {
      kafka_ = given;
    } else {
      mock_ = std::make_unique<MockKafka>();
      mock_->create_topic(kTopic, 12);
      // So that there is always something on its way when the bridge is killed.
      mock_->set_round_trip(milliseconds(30));
      kafka_ = mock_->brokers();
    }
    for (int i = 0; i < kKeys; ++i) keys_.push_back("dmp/v1/rae-1/" + new_session() + "/update");
  }

  Outcome run(const std::string& window_file) {
    Outcome outcome;
    arguments_ = {"--name",
                  MqttBroker::kBridge,
                  "--mqtt-uri",
                  broker_.uri(),
                  "--mqtt-ca",
                  broker_.file("ca.crt"),
                  "--mqtt-certificate",
                  broker_.options().certificate_file,
                  "--mqtt-key",
                  broker_.options().key_file,
                  "--kafka-brokers",
                  kafka_,
                  "--window-file",
                  window_file,
                  "--window-messages",
                  std::to_string(kWindowMessages)};
    {
      BridgeProcess first(arguments_);  // from now on the broker keeps messages for the bridge
      EXPECT_TRUE(first.says("event=mqtt_up", kPatience)) << first.said();
    }
    std::size_t published = 0;
    {
      Agent agent(broker_);
      std::jthread publisher([&](const std::stop_token& stop) {
        for (; !stop.stop_requested(); ++published) {
          agent.publish(keys_[published % kKeys], std::to_string(published));
          // At most 2000 a second: the mock cluster keeps 5 MB of a partition.
          if (published % 2 == 0) poll(nullptr, 0, 1);
        }
      });
      outcome.set_aside = kill_again_and_again();
      publisher.request_stop();
      publisher.join();
      for (const std::string& key : keys_) agent.publish(key, kLast);
    }
    outcome.acknowledged = published;
    BridgeProcess last(arguments_);
    EXPECT_TRUE(last.says("event=mqtt_up", kPatience)) << last.said();
    compare(stored(), outcome);
    return outcome;
  }

  ScratchFolder folder_;

 private:
  std::string new_session() {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::random_device random;
    std::string session = "00000000-0000-4000-8000-000000000000";
    for (const std::size_t i :
         {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 28U, 29U, 30U, 31U, 32U, 33U, 34U, 35U}) {
      session[i] = kHex[random() % kHex.size()];
    }
    return session;
  }

  // How many of them did not trust the window they found.
  int kill_again_and_again() {
    int set_aside = 0;
    std::mt19937 random(7);
    for (int i = 1; i <= kKills; ++i) {
      BridgeProcess bridge(arguments_);
      const auto life = milliseconds(100 + random() % 400);
      if (i % 5 == 0) {
        bridge.work(life / 5);  // while it starts
      } else {
        EXPECT_TRUE(bridge.says("event=mqtt_up", kPatience)) << bridge.said();
        bridge.work(life);
      }
      if (bridge.said().find("window_set_aside") != std::string::npos) ++set_aside;
    }
    return set_aside;
  }

  // Everything of our keys in Kafka once the last message of each is there.
  std::map<std::string, std::vector<std::string>> stored() {
    std::map<std::string, std::vector<std::string>> stored;
    const auto deadline = Steady::now() + kPatience;
    const auto has_last = [&](const std::string& key) {
      return !stored[key].empty() && stored[key].back() == kLast;
    };
    while (!std::all_of(keys_.begin(), keys_.end(), has_last) && Steady::now() < deadline) {
      stored.clear();
      for (auto& record : read_topic(kafka_, kTopic, 1)) {
        stored[record.key].push_back(std::move(record.payload));
      }
    }
    EXPECT_TRUE(std::all_of(keys_.begin(), keys_.end(), has_last));
    return stored;
  }

  void compare(std::map<std::string, std::vector<std::string>> stored, Outcome& outcome) const {
    std::set<std::size_t> seen;
    for (const std::string& key : keys_) {
      std::size_t newest = 0;
      for (const std::string& payload : stored[key]) {
        if (payload == kLast) continue;
        const std::size_t number = std::stoul(payload);
        if (!seen.insert(number).second) {
          ++outcome.duplicates;
        } else {
          // What comes for the first time comes in the order it was published.
          if (number < newest) ++outcome.out_of_order;
          newest = number;
        }
      }
    }
    outcome.lost = outcome.acknowledged - seen.size();
  }

  std::unique_ptr<MockKafka> mock_;
  std::string kafka_;
  MqttBroker broker_;
  std::vector<std::string> keys_;
  std::vector<std::string> arguments_;
};

void report(const Outcome& outcome) {
  std::printf("%zu acknowledged, %d kills: %zu lost, %zu duplicates, %zu out of order\n",
              outcome.acknowledged, kKills, outcome.lost, outcome.duplicates, outcome.out_of_order);
}

TEST_F(CrashLoop, loses_nothing_keeps_the_order_of_each_key_and_repeats_a_bounded_number) {
  const Outcome outcome = run(folder_.file("window"));
  report(outcome);
  EXPECT_GT(outcome.acknowledged, 1000U);
  EXPECT_EQ(outcome.lost, 0U);
  EXPECT_EQ(outcome.out_of_order, 0U);
  EXPECT_EQ(outcome.set_aside, 0) << "a kill is no damage";
  EXPECT_LE(outcome.duplicates, kKills * kRepeatedPerKill);
}

// Without the file the same loop loses messages; otherwise it would prove nothing.
TEST_F(CrashLoop, loses_messages_that_were_kept_in_memory_only) {
  const Outcome outcome = run("memory");
  report(outcome);
  EXPECT_GT(outcome.lost, 0U);
}

}  // namespace
}  // namespace dmp::bridge
