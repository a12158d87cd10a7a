// What the broker has acknowledged reaches Kafka although the bridge is killed again and again: the
// real program, a real Mosquitto, and an emulated Kafka or the Kafka of DMP_TEST_KAFKA.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

#include "bridge/options.h"
#include "tests/bridge/arrivals.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/mqtt_broker.h"
#include "tests/bridge/scratch_folder.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMessages = 6'000;
#else
constexpr std::size_t kMessages = 60'000;
#endif
constexpr std::size_t kPerMillisecond = 5;
constexpr std::size_t kKillsMin = 15;
constexpr int kKeys = 24;  // an emulated Kafka keeps 5 MB of a partition
constexpr std::size_t kWindowMessages = 6000;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::seconds kReadPatience{150};
constexpr const char* kTopic = "dmp.device-updates";
constexpr const char* kLast = "last";

struct Outcome {
  std::size_t acknowledged = 0;
  std::size_t kills = 0;
  std::size_t replayed = 0;  // messages found in the window by new bridges
  std::size_t lost = 0;
  std::size_t duplicates = 0;
  std::size_t out_of_order = 0;
  int set_aside = 0;

  // What a new bridge finds in its window comes once more, and again if the broker had not heard
  // that it was there. Beside that the broker sends what was stored before it heard so.
  [[nodiscard]] std::size_t duplicates_max() const { return 2 * replayed + kills * kReceiveMax; }
};

// Messages that it found in its window; it is killed for that.
std::size_t replayed_by(BridgeProcess& bridge) {
  bridge.kill();
  const std::size_t event = bridge.said().find("event=window_replayed");
  if (event == std::string::npos) return 0;
  constexpr std::string_view kName = " messages=";
  const std::size_t at = bridge.said().find(kName, event);
  EXPECT_NE(at, std::string::npos) << bridge.said();
  return at == std::string::npos ? 0 : std::stoul(bridge.said().substr(at + kName.size()));
}

class CrashLoop : public testing::Test {
 protected:
  CrashLoop() {
    if (const char* given = std::getenv("DMP_TEST_KAFKA")) {
      kafka_ = given;
    } else {
      // So that there is always something on its way when the bridge is killed.
      emulated_.emplace(std::map<std::string, int>{{kTopic, 48}}).set_round_trip(milliseconds(30));
      kafka_ = emulated_->brokers();
    }
    for (int i = 0; i < kKeys; ++i) keys_.push_back("dmp/v1/rae-1/" + new_session() + "/update");
  }

  // Kills the bridge until that many messages are acknowledged, and at least kKillsMin times.
  Outcome run(const std::string& window_file, std::size_t messages) {
    Outcome outcome;
    arguments_ = BridgeProcess::arguments(broker_, kafka_, window_file, kWindowMessages);
    {
      BridgeProcess first(arguments_);  // from now on the broker keeps messages for the bridge
      EXPECT_TRUE(first.says("event=mqtt_subscribed", kPatience)) << first.said();
    }
    {
      Agent agent(broker_);
      std::atomic<bool> is_publishing = true;
      std::jthread publisher([&] {
        for (std::size_t i = 0; i < messages; ++i) {
          agent.publish_ahead(keys_[i % keys_.size()], std::to_string(i));
          if (i % kPerMillisecond == 0) poll(nullptr, 0, 1);
        }
        agent.settle();
        is_publishing = false;
      });
      kill_again_and_again(is_publishing, outcome);
    }
    outcome.acknowledged = messages;
    BridgeProcess last(arguments_);
    EXPECT_TRUE(last.says("event=mqtt_subscribed", kPatience)) << last.said();
    end_each_key();
    if (emulated_) emulated_->set_round_trip(milliseconds(0));  // reading has no need of it
    compare(stored(), outcome);
    outcome.replayed += replayed_by(last);
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

  void kill_again_and_again(const std::atomic<bool>& is_publishing, Outcome& outcome) {
    std::mt19937 random(7);
    while (is_publishing || outcome.kills < kKillsMin) {
      BridgeProcess bridge(arguments_);
      const auto life = milliseconds(100 + random() % 400);
      if (++outcome.kills % 5 == 0) {
        bridge.work(life / 5);  // while it starts
      } else {
        EXPECT_TRUE(bridge.says("event=mqtt_subscribed", kPatience)) << bridge.said();
        bridge.work(life);
      }
      outcome.replayed += replayed_by(bridge);
      outcome.set_aside += bridge.count("window_set_aside");
    }
  }

  // Only now: a bridge that is killed with the last ones in its memory would lose them, too.
  void end_each_key() {
    Agent agent(broker_);
    for (const std::string& key : keys_) agent.publish_ahead(key, kLast);
    agent.settle();
  }

  // Everything of our keys in Kafka once the last message of each is there.
  std::map<std::string, std::vector<std::string>> stored() {
    std::map<std::string, std::vector<std::string>> stored;
    const auto deadline = Steady::now() + kReadPatience;
    const auto has_last = [&](const std::string& key) {
      return !stored[key].empty() && stored[key].back() == kLast;
    };
    while (!std::all_of(keys_.begin(), keys_.end(), has_last) && Steady::now() < deadline) {
      stored.clear();
      for (auto& record : test::read_topic(kafka_, kTopic, 1)) {
        stored[record.key].push_back(std::move(record.value));
      }
    }
    EXPECT_TRUE(std::all_of(keys_.begin(), keys_.end(), has_last));
    return stored;
  }

  void compare(std::map<std::string, std::vector<std::string>> stored, Outcome& outcome) const {
    Arrivals arrivals;
    for (const std::string& key : keys_) {
      for (const std::string& payload : stored[key]) {
        if (payload != kLast) arrivals.add(key, std::stoul(payload));
      }
    }
    outcome.duplicates = arrivals.duplicates();
    outcome.out_of_order = arrivals.order_breaks();
    outcome.lost = outcome.acknowledged - arrivals.distinct();
  }

  std::optional<test::EmulatedKafka> emulated_;
  std::string kafka_;
  MqttBroker broker_;
  std::vector<std::string> keys_;
  std::vector<std::string> arguments_;
};

void report(const Outcome& outcome) {
  std::printf(
      "%zu acknowledged, %zu kills: %zu lost, %zu duplicates of at most %zu, %zu out of "
      "order\n",
      outcome.acknowledged, outcome.kills, outcome.lost, outcome.duplicates,
      outcome.duplicates_max(), outcome.out_of_order);
}

TEST_F(CrashLoop, loses_nothing_keeps_the_order_of_each_key_and_repeats_a_bounded_number) {
  const Outcome outcome = run(folder_.file("window"), kMessages);
  report(outcome);
  EXPECT_EQ(outcome.lost, 0U);
  EXPECT_EQ(outcome.out_of_order, 0U);
  EXPECT_EQ(outcome.set_aside, 0) << "a kill is no damage";
  EXPECT_LE(outcome.duplicates, outcome.duplicates_max());
}

// Without the file the same loop loses messages; otherwise it would prove nothing.
TEST_F(CrashLoop, loses_messages_that_were_kept_in_memory_only) {
  const Outcome outcome = run("memory", kMessages / 3);
  report(outcome);
  EXPECT_GT(outcome.lost, 0U);
}

}  // namespace
}  // namespace dmp::bridge
