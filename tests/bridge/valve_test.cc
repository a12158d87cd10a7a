// The valve, end to end: the real program, a real Mosquitto, an emulated Kafka. While Kafka
// is away the window fills, the bridge leaves cleanly, the broker keeps what comes, and afterwards
// all of it arrives in its order.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridge/options.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/mqtt_broker.h"
#include "tests/bridge/scratch_folder.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"
#include "tests/fixtures/waiting.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kTopics = 20;
constexpr std::size_t kWindowMessages = 2 * kHeadroomMessages;
constexpr std::size_t kHighWater = kWindowMessages - kHeadroomMessages;
constexpr std::size_t kMessages = 3 * kWindowMessages;
constexpr const char* kUpdates = "dmp.device-updates";

std::string topic_of(std::size_t number) {
  return "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a" + std::to_string(10 + number % kTopics) +
         "/update";
}

class ValveOfTheProgram : public testing::Test {
 protected:
  void publish(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) agent_.publish_ahead(topic_of(i), std::to_string(i));
    agent_.settle();
  }

  bool shows(const std::string& metric, double value) {
    return test::wait_for([&] { return bridge_.metric(metric) == value; }, kPatience);
  }

  ScratchFolder folder_;
  test::EmulatedKafka kafka_{{{kUpdates, 12}, {"dmp.agents", 12}, {"dmp.device-commands", 12}}};
  MqttBroker broker_;
  Agent agent_{broker_};
  BridgeProcess bridge_{
      BridgeProcess::arguments(broker_, kafka_.brokers(), folder_.file("window"), kWindowMessages)};
};

// Of those that came for the first time.
std::size_t count_order_breaks(const std::vector<test::KafkaRecord>& stored) {
  std::set<std::size_t> seen;
  std::map<std::string, std::size_t> newest;
  std::size_t order_breaks = 0;
  for (const test::KafkaRecord& record : stored) {
    const std::size_t number = std::stoul(record.value);
    if (!seen.insert(number).second) continue;
    if (number < newest[record.key]) ++order_breaks;
    newest[record.key] = number;
  }
  return order_breaks;
}

TEST_F(ValveOfTheProgram, closes_at_high_water_and_what_the_broker_kept_follows_in_order) {
  ASSERT_TRUE(bridge_.says("event=mqtt_up", kPatience)) << bridge_.said();
  kafka_.set_down(true);
  publish(0, kMessages / 2);
  ASSERT_TRUE(bridge_.says("event=valve_closed", kPatience)) << bridge_.said();
  ASSERT_TRUE(bridge_.says("event=mqtt_down", kPatience)) << bridge_.said();
  publish(kMessages / 2, kMessages);
  EXPECT_TRUE(shows("dmp_bridge_valve_open", 0));
  EXPECT_TRUE(shows("dmp_bridge_connected", 0));
  const double kept = bridge_.metric("dmp_bridge_window_messages");
  EXPECT_GE(kept, kHighWater);

  kafka_.set_down(false);
  ASSERT_TRUE(bridge_.says("event=valve_opened", kPatience)) << bridge_.said();
  ASSERT_TRUE(bridge_.says("event=mqtt_up session_present=true", kPatience)) << bridge_.said();
  std::vector<test::KafkaRecord> stored;
  std::set<std::size_t> seen;
  // Some come twice, so their number does not tell that all have come.
  test::wait_for(
      [&] {
        seen.clear();
        stored = test::read_topic(kafka_.brokers(), kUpdates, 1);
        for (const test::KafkaRecord& record : stored) seen.insert(std::stoul(record.value));
        return seen.size() == kMessages;
      },
      kPatience);
  const std::size_t order_breaks = count_order_breaks(stored);
  std::printf("%zu messages, %.0f of them in the window: %zu lost, %zu order breaks, %zu twice\n",
              kMessages, kept, kMessages - seen.size(), order_breaks, stored.size() - seen.size());
  EXPECT_EQ(seen.size(), kMessages) << "lost";
  EXPECT_EQ(order_breaks, 0U);
  // What a connection that ended had sent and not seen acknowledged. If the broker was quicker than
  // the goodbye, the window refused one: acknowledgements that the broker had not read by then are
  // lost with that connection, of at most all that the window held.
  const double refused = bridge_.metric("dmp_bridge_window_refused_total");
  EXPECT_LE(static_cast<double>(stored.size() - seen.size()),
            static_cast<double>(kReceiveMax) * bridge_.metric("dmp_bridge_connects_total") +
                static_cast<double>(kWindowMessages) * refused);
  EXPECT_TRUE(shows("dmp_bridge_valve_open", 1));
  EXPECT_TRUE(shows("dmp_bridge_window_messages", 0));
  EXPECT_EQ(bridge_.metric("dmp_bridge_sessions_lost_total"), 0);
}

}  // namespace
}  // namespace dmp::bridge
