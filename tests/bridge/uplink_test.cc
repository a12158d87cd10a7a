#include "bridge/uplink.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridge/adapters/memory_window.h"
#include "schema/codec.h"
#include "schema/topics.h"
#include "tests/bridge/fakes.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kTopic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update";

class UplinkTest : public testing::Test {
 protected:
  UplinkTest() { uplink_.turn(); }

  void receive(const std::string& payload, const std::string& correlation = "",
               const std::string& response_topic = "") {
    Message message;
    message.topic = kTopic;
    message.payload = payload;
    message.correlation = correlation;
    message.response_topic = response_topic;
    ASSERT_TRUE(window_.append(bounded(message)));
  }

  // Payloads stored on a topic, in order.
  [[nodiscard]] std::vector<std::string> stored(std::string_view topic) const {
    std::vector<std::string> payloads;
    for (const test::KafkaRecord& record : sink_.stored) {
      if (record.topic == topic) payloads.push_back(record.value);
    }
    return payloads;
  }

  std::vector<std::string> confirmed() {
    std::vector<std::string> all;
    for (const Confirmation& each : uplink_.confirmations().take_due(clock_.steady(), true)) {
      for (const std::string& correlation : each.confirm.stored) all.push_back(correlation);
    }
    return all;
  }

  std::vector<Refusal> refused() {
    std::vector<Refusal> all;
    for (const Confirmation& each : uplink_.confirmations().take_due(clock_.steady(), true)) {
      for (const Refusal& refusal : each.confirm.refused) all.push_back(refusal);
    }
    return all;
  }

  void turn(int times = 8) {
    for (int i = 0; i < times; ++i) uplink_.turn();
  }

  using Texts = std::vector<std::string>;

  ManualClock clock_;
  Metrics metrics_;
  Instruments instruments_{metrics_};
  MemoryWindow window_{4 * 1024 * 1024, 1000};
  FakeSink sink_;
  Uplink uplink_{"bridge-1", *Routes::make(uplink_routes()), window_, sink_, clock_, instruments_};
};

TEST_F(UplinkTest, confirms_nothing_before_kafka_has_stored_it) {
  sink_.set_down(true);
  receive("a", "1");
  turn();
  EXPECT_EQ(uplink_.confirmations().pending(), 0U);
  EXPECT_EQ(window_.level().messages, 1U);
  sink_.set_down(false);
  turn();
  EXPECT_EQ(confirmed(), (Texts{"1"}));
  EXPECT_EQ(window_.level().messages, 0U);
  EXPECT_EQ(stored(kafka::kDeviceUpdates), (Texts{"a"}));
}

TEST_F(UplinkTest, puts_a_foreign_response_topic_into_dead_letters_and_says_refused) {
  receive("a", "1", "dmp/v1/rae-2/agent/confirm");
  receive("b", "2");
  turn();
  EXPECT_EQ(stored(kafka::kDeadLetters), (Texts{"a"}));
  EXPECT_EQ(stored(kafka::kDeviceUpdates), (Texts{"b"}));
  const auto all = uplink_.confirmations().take_due(clock_.steady(), true);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].rae.str(), "rae-1");
  EXPECT_EQ(all[0].confirm.refused, (std::vector<Refusal>{{"1", "foreign_response_topic"}}));
  EXPECT_EQ(all[0].confirm.stored, (Texts{"2"}));
}

TEST_F(UplinkTest, says_refused_only_once_the_dead_letter_is_stored) {
  sink_.set_down(true);
  receive("a", "1", "dmp/v1/rae-2/agent/confirm");
  turn();
  EXPECT_EQ(uplink_.confirmations().pending(), 0U);
  sink_.set_down(false);
  turn();
  EXPECT_EQ(refused(), (std::vector<Refusal>{{"1", "foreign_response_topic"}}));
}

TEST_F(UplinkTest, puts_what_is_too_large_into_dead_letters_while_its_neighbours_flow) {
  receive("before", "1");
  receive(std::string(100'000, 'x'), "2");
  receive("after", "3");
  turn();
  EXPECT_EQ(stored(kafka::kDeviceUpdates), (Texts{"before", "after"}));
  ASSERT_EQ(stored(kafka::kDeadLetters).size(), 1U);
  EXPECT_EQ(stored(kafka::kDeadLetters)[0].size(), MessageLimits::kPayloadBytes);
  EXPECT_EQ(refused(), (std::vector<Refusal>{{"2", "too_large"}}));
}

TEST_F(UplinkTest, loses_no_neighbour_of_a_record_kafka_refuses) {
  sink_.payload_bytes_max["dmp.device-updates"] = 10;
  receive("before", "1");
  receive("much too large for this kafka", "2");
  receive("after", "3");
  turn(12);
  EXPECT_EQ(stored(kafka::kDeviceUpdates), (Texts{"before", "after"}));
  EXPECT_EQ(stored(kafka::kDeadLetters), (Texts{"much too large for this kafka"}));
  EXPECT_EQ(window_.level().messages, 0U);
  EXPECT_EQ(instruments_.isolated.value(), 3);
}

TEST_F(UplinkTest, tells_nobody_of_a_dead_letter_that_kafka_refuses_and_goes_on) {
  sink_.payload_bytes_max["dmp.dead-letters"] = 0;
  receive("a", "1", "dmp/v1/rae-2/agent/confirm");
  receive("b", "2");
  turn(12);
  EXPECT_EQ(instruments_.dead_letters_lost.value(), 1);
  EXPECT_EQ(confirmed(), (Texts{"2"}));
  EXPECT_EQ(window_.level().messages, 0U);
}

TEST_F(UplinkTest, sends_again_in_order_what_a_broken_producer_has_not_reported) {
  receive("a", "1");
  receive("b", "2");
  turn();
  EXPECT_EQ(confirmed(), (Texts{"1", "2"}));
  sink_.set_down(true);
  receive("c", "3");
  receive("d", "4");
  receive("e", "5");
  turn(1);
  sink_.break_after_storing(1);
  sink_.set_down(false);
  clock_.advance(seconds(3));
  receive("f", "6");
  turn();
  EXPECT_EQ(sink_.rebuilds, 2);
  EXPECT_EQ(stored(kafka::kDeviceUpdates), (Texts{"a", "b", "c", "c", "d", "e", "f"}));
  EXPECT_EQ(confirmed(), (Texts{"3", "4", "5", "6"}));
}

TEST_F(UplinkTest, waits_longer_before_each_rebuild_of_a_producer_that_keeps_breaking) {
  receive("a");
  for (int i = 0; i < 3; ++i) {
    sink_.break_after_storing(0);
    turn(5);
  }
  const int at_once = sink_.rebuilds;
  clock_.advance(seconds(3));
  turn();
  EXPECT_LE(at_once, 2);
  EXPECT_EQ(sink_.rebuilds, at_once + 1);
}

TEST_F(UplinkTest, stops_taking_when_kafka_is_full_and_loses_nothing) {
  sink_.pending_max = 10;
  sink_.set_down(true);
  Texts expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::to_string(i));
    receive(expected.back());
  }
  turn();
  EXPECT_EQ(sink_.pending(), 10U);
  EXPECT_EQ(window_.level().messages, 100U);
  sink_.set_down(false);
  turn(20);
  EXPECT_EQ(stored(kafka::kDeviceUpdates), expected);
}

TEST_F(UplinkTest, beats_every_ten_seconds_under_its_own_key_and_never_twice_unanswered) {
  turn();
  ASSERT_EQ(stored(kafka::kAgents).size(), 1U);
  EXPECT_EQ(sink_.stored[0].key, "bridge/bridge-1");
  const auto beat = decode_bridge_heartbeat(sink_.stored[0].value);
  ASSERT_TRUE(beat) << beat.error().message;
  EXPECT_EQ(beat->bridge, "bridge-1");
  EXPECT_EQ(beat->sent_at.us, clock_.wall_us());
  clock_.advance(milliseconds(9999));
  turn();
  EXPECT_EQ(stored(kafka::kAgents).size(), 1U);
  clock_.advance(milliseconds(1));
  turn();
  EXPECT_EQ(stored(kafka::kAgents).size(), 2U);
  sink_.set_down(true);
  for (int i = 0; i < 5; ++i) {
    clock_.advance(seconds(10));
    turn();
  }
  EXPECT_EQ(sink_.pending(), 1U);
}

TEST_F(UplinkTest, keeps_a_heartbeat_as_long_as_the_producer_it_was_sent_with) {
  turn();
  sink_.set_down(true);
  clock_.advance(Uplink::kHeartbeat);
  uplink_.turn();
  sink_.break_after_storing(0);
  clock_.advance(seconds(3));
  uplink_.turn();
  ASSERT_EQ(sink_.forgotten.size(), 1U);
  EXPECT_TRUE(decode_bridge_heartbeat(sink_.forgotten[0])) << sink_.forgotten[0];
}

TEST_F(UplinkTest, counts_what_it_receives) {
  Message message;
  message.topic = kTopic;
  message.duplicate = true;
  message.properties_dropped = 3;
  ASSERT_TRUE(window_.append(bounded(message)));
  receive("b", "", "dmp/v1/rae-2/agent/confirm");
  turn();
  EXPECT_EQ(instruments_.received.value(), 2);
  EXPECT_EQ(instruments_.duplicates.value(), 1);
  EXPECT_EQ(instruments_.properties_dropped.value(), 3);
  EXPECT_EQ(instruments_.stored.value(), 1);
  EXPECT_EQ(instruments_.dead_lettered.value(), 1);
  EXPECT_NE(metrics_.text().find("dmp_bridge_refused_total{reason=\"foreign_response_topic\"} 1"),
            std::string::npos);
}

}  // namespace
}  // namespace dmp::bridge
