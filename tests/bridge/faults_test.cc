// What goes wrong beside the bridge under load, end to end: an agent with an outbox, a real
// Mosquitto, the real program, an emulated Kafka. Nothing is lost, each topic keeps its
// order, and duplicates stay below a stated bound. DMP_FAULT_SECONDS makes the outage longer.
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridge/options.h"
#include "tests/bridge/arrivals.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/outbox_agent.h"
#include "tests/bridge/scratch_folder.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};
constexpr int kPerSecond = 2000;
constexpr std::size_t kSome = 500;
constexpr std::size_t kWindowMessages = 16'384;
constexpr double kRssMax = 64;
constexpr const char* kUpdates = "dmp.device-updates";
constexpr const char* kDeadLetters = "dmp.dead-letters";
// Kafka's error codes.
constexpr int kMessageTooLarge = 10;
constexpr int kOutOfOrderSequence = 45;

bool is_instrumented() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

std::vector<std::string> topics() {
  std::vector<std::string> topics;
  for (int i = 10; i < 30; ++i) {
    topics.push_back("dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a" + std::to_string(i) +
                     "/update");
  }
  return topics;
}

class Faults : public testing::Test {
 protected:
  // Back when everything goes its way.
  void begin(std::size_t oversize_every = 0) {
    bridge_ = std::make_unique<BridgeProcess>(BridgeProcess::arguments(
        broker_, kafka_.brokers(), folder_.file("window"), kWindowMessages));
    ASSERT_TRUE(bridge_->says("event=mqtt_up", kPatience)) << bridge_->said();
    agent_ = std::make_unique<OutboxAgent>(broker_, topics(), kPerSecond, oversize_every);
    ASSERT_TRUE(agent_->has_answered(kSome, kPatience));
  }

  // Lets everything arrive, and looks at what Kafka has. So many messages may have come twice,
  // besides those that the agent said again.
  void end(std::size_t repeated_max, bool keeps_order = true) {
    EXPECT_TRUE(agent_->settles(kPatience)) << bridge_->said();
    kafka_.set_round_trip(milliseconds(0));
    const std::size_t published = agent_->published();
    const auto refused = agent_->refused();
    Arrivals arrivals;
    for (const test::KafkaRecord& record : test::read_topic(kafka_.brokers(), kUpdates, 1)) {
      arrivals.add(record.key, std::stoul(record.value));
    }
    const double peak_rss_mib = bridge_->peak_rss_mib();
    std::printf(
        "%zu published, %zu said again, %zu refused: %zu lost, %zu order breaks, %zu duplicates, "
        "%.0f MiB\n",
        published, agent_->said_again(), refused.size(),
        published - refused.size() - arrivals.distinct(), arrivals.order_breaks(),
        arrivals.duplicates(), peak_rss_mib);
    EXPECT_EQ(arrivals.distinct() + refused.size(), published) << "lost";
    if (keeps_order) {
      EXPECT_EQ(arrivals.order_breaks(), 0U);
    }
    EXPECT_LE(arrivals.duplicates(), repeated_max + agent_->said_again()) << bridge_->said();
    EXPECT_LE(peak_rss_mib, is_instrumented() ? 1e9 : kRssMax);
  }

  static seconds outage() {
    const char* given = std::getenv("DMP_FAULT_SECONDS");
    return seconds(given == nullptr ? 0 : std::atoi(given));
  }

  ScratchFolder folder_;
  test::EmulatedKafka kafka_{
      {{kUpdates, 12}, {kDeadLetters, 12}, {"dmp.agents", 12}, {"dmp.device-commands", 12}}};
  MqttBroker broker_;
  std::unique_ptr<BridgeProcess> bridge_;
  std::unique_ptr<OutboxAgent> agent_;
};

// The valve, which many agents together would close, is valve_test.cc's.
TEST_F(Faults, kafka_is_away_and_the_agent_waits) {
  begin();
  for (int i = 0; i < 2; ++i) {
    kafka_.set_down(true);
    ASSERT_TRUE(agent_->is_full(kPatience));
    bridge_->work(outage());
    kafka_.set_down(false);
    EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome, kPatience)) << bridge_->said();
  }
  // What was stored while the answer was lost may come twice.
  end(2 * OutboxAgent::kUnansweredMax);
}

TEST_F(Faults, the_broker_is_killed_in_the_middle_of_it) {
  constexpr int kKills = 2;
  begin();
  for (int i = 1; i <= kKills; ++i) {
    broker_.kill();
    ASSERT_TRUE(bridge_->says("event=mqtt_down", kPatience, i)) << bridge_->said();
    broker_.start();
    ASSERT_TRUE(bridge_->says("event=mqtt_up", kPatience, i + 1)) << bridge_->said();
    EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome / 2, kPatience));
  }
  // The broker sends again what it was not answered, as far as it had sent ahead.
  end(std::size_t{kKills} * kReceiveMax);
}

TEST_F(Faults, the_broker_stands_still_and_goes_on) {
  begin();
  broker_.freeze();
  ASSERT_TRUE(agent_->is_full(kPatience));
  broker_.thaw();
  EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome / 2, kPatience));
  end(0);
}

TEST_F(Faults, kafka_takes_a_fifth_of_a_second_for_everything) {
  begin();
  kafka_.set_round_trip(milliseconds(200));
  EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome, kPatience));
  end(0);
}

TEST_F(Faults, messages_are_too_large) {
  constexpr std::size_t kOversizeEvery = 97;
  begin(kOversizeEvery);
  EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome, kPatience));
  end(0);
  EXPECT_EQ(agent_->refused().size(), agent_->published() / kOversizeEvery);
  EXPECT_EQ(test::read_topic(kafka_.brokers(), kDeadLetters, 1).size(), agent_->refused().size());
}

// No neighbour is lost. But batches behind the refused one were already under way: its records come
// after them, and their stamps must tell.
TEST_F(Faults, kafka_refuses_whole_batches) {
  begin();
  for (int i = 0; i < 5; ++i) {
    kafka_.fail(test::KafkaRequest::kProduce, {kMessageTooLarge});
    EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome / 4, kPatience));
  }
  end(0, false);
  EXPECT_TRUE(agent_->refused().empty());
}

TEST_F(Faults, the_producer_fails_for_good) {
  constexpr int kFailures = 2;
  // Like Kafka, which takes nothing of a producer any more that has lost its place.
  // Two under way and the one that librdkafka has built for the moment one of them is answered.
  const std::vector<int> all_in_flight(3, kOutOfOrderSequence);
  begin();
  for (int i = 1; i <= kFailures; ++i) {
    kafka_.fail(test::KafkaRequest::kProduce, all_in_flight);
    ASSERT_TRUE(bridge_->says("event=kafka_producer_rebuilt", kPatience, i)) << bridge_->said();
    kafka_.fail_no_more(test::KafkaRequest::kProduce);  // the other topics' producers
    EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome / 2, kPatience));
  }
  // What Kafka had stored and not yet reported is sent again.
  end(kFailures * OutboxAgent::kUnansweredMax);
}

// The first is dead and its window with it, until it comes back and brings what it had: duplicates
// only, as the agent has said again what was not confirmed.
TEST_F(Faults, a_standby_takes_over_from_a_dead_bridge_and_the_dead_one_comes_back) {
  begin();
  bridge_.reset();
  const auto standby = BridgeProcess::arguments(broker_, kafka_.brokers(),
                                                folder_.file("other-window"), kWindowMessages);
  bridge_ = std::make_unique<BridgeProcess>(standby);
  EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome, kPatience)) << bridge_->said();
  bridge_.reset();
  bridge_ = std::make_unique<BridgeProcess>(
      BridgeProcess::arguments(broker_, kafka_.brokers(), folder_.file("window"), kWindowMessages));
  EXPECT_TRUE(agent_->has_answered(agent_->published() + kSome, kPatience)) << bridge_->said();
  // What was in either window the agent may have said again, or the broker, or both.
  end(2 * (OutboxAgent::kUnansweredMax + kReceiveMax));
}

// The client id admits one of them, so each ends the other's connection again and again. Both keep
// what they have acknowledged in windows of their own and bring it to Kafka.
TEST_F(Faults, two_bridges_of_one_name_take_over_from_each_other) {
  constexpr int kTurns = 3;
  begin();
  int turns = 0;
  {
    BridgeProcess other(BridgeProcess::arguments(broker_, kafka_.brokers(),
                                                 folder_.file("other-window"), kWindowMessages));
    ASSERT_TRUE(other.says("event=mqtt_up", kPatience, kTurns)) << other.said();
    ASSERT_TRUE(bridge_->says("event=mqtt_up", kPatience, kTurns)) << bridge_->said();
    other.work(milliseconds(50));
    bridge_->work(milliseconds(50));
    turns = other.count("event=mqtt_up");
  }
  // The other is killed: what it alone had acknowledged is the agent's to say again. Nobody orders
  // two producers: there the stamps tell what is newer.
  EXPECT_TRUE(agent_->settles(kPatience)) << bridge_->said();
  turns += bridge_->count("event=mqtt_up");
  end(static_cast<std::size_t>(turns) * kReceiveMax, false);
}

}  // namespace
}  // namespace dmp::bridge
