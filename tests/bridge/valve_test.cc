// The valve, end to end: the real program, a real Mosquitto, an emulated Kafka. While Kafka
// is away the window fills, the bridge leaves, the broker keeps what comes, and afterwards
// all of it arrives in its order, however slowly Kafka takes it.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "bridge/options.h"
#include "tests/bridge/arrivals.h"
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
constexpr std::size_t kWindowMessages = 1000;
constexpr std::size_t kHighWater = kWindowMessages - kHeadroomMessages;
constexpr std::size_t kMessages = 20 * kWindowMessages;
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

  // All of them, in order, and none twice.
  void expect_all_stored() {
    Arrivals arrivals;
    // If some came twice, their number would not tell that all have come.
    test::wait_for(
        [&] {
          arrivals = {};
          for (const test::KafkaRecord& record : test::read_topic(kafka_.brokers(), kUpdates, 1)) {
            arrivals.add(record.key, std::stoul(record.value));
          }
          return arrivals.distinct() == kMessages;
        },
        kPatience);
    std::printf("%zu messages: %zu lost, %zu order breaks, %zu twice\n", kMessages,
                kMessages - arrivals.distinct(), arrivals.order_breaks(), arrivals.duplicates());
    EXPECT_EQ(arrivals.distinct(), kMessages) << "lost";
    EXPECT_EQ(arrivals.order_breaks(), 0U);
    EXPECT_EQ(arrivals.duplicates(), 0U);
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

TEST_F(ValveOfTheProgram, closes_at_high_water_and_what_the_broker_kept_follows_in_order) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  kafka_.set_down(true);
  publish(0, kMessages / 2);
  ASSERT_TRUE(bridge_.says("event=valve_closed", kPatience)) << bridge_.said();
  ASSERT_TRUE(bridge_.says("event=mqtt_down", kPatience)) << bridge_.said();
  publish(kMessages / 2, kMessages);
  EXPECT_TRUE(shows("dmp_bridge_valve_open", 0));
  EXPECT_TRUE(shows("dmp_bridge_connected", 0));
  const double kept = bridge_.metric("dmp_bridge_window_messages");
  EXPECT_GE(kept, kHighWater);
  EXPECT_LT(kept, kWindowMessages);

  kafka_.set_down(false);
  ASSERT_TRUE(bridge_.says("event=valve_opened", kPatience)) << bridge_.said();
  ASSERT_TRUE(bridge_.says("event=mqtt_up session_present=true", kPatience)) << bridge_.said();
  // The broker has had two seconds to read each acknowledgement.
  expect_all_stored();
  EXPECT_TRUE(shows("dmp_bridge_valve_open", 1));
  EXPECT_TRUE(shows("dmp_bridge_window_messages", 0));
  EXPECT_EQ(bridge_.metric("dmp_bridge_sessions_lost_total"), 0);
}

// Mosquitto 2.0.11 sends up to Receive Maximum more for each acknowledgement it reads, and so all
// it has. A bridge that left whenever its window was full got the same messages again and again.
TEST_F(ValveOfTheProgram, empties_a_long_queue_of_the_broker_into_a_slow_kafka) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  kafka_.set_down(true);
  publish(0, kMessages);
  ASSERT_TRUE(bridge_.says("event=mqtt_down reason=left", kPatience)) << bridge_.said();
  kafka_.set_round_trip(std::chrono::milliseconds(50));
  kafka_.set_down(false);
  expect_all_stored();
  EXPECT_GT(bridge_.metric("dmp_bridge_holds_total"), 1);
  EXPECT_EQ(bridge_.metric("dmp_bridge_window_refused_total"), 0);
}

}  // namespace
}  // namespace dmp::bridge
