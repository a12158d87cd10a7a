// What the bridge says of itself: ready, alive, its heartbeat and its metrics.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/bridge/pump_under_test.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kOwed = "kafka: has owed an acknowledgement for 30 s";

class PumpReadyTest : public PumpTest {
 protected:
  // What hangs keeps it from vouching, and nothing else.
  void expect_to_vouch_only_when_stored() {
    EXPECT_FALSE(pump_.ready().good);
    EXPECT_EQ(pump_.ready().reason, kOwed);
    const auto before = heartbeats();
    pass(seconds(10));
    EXPECT_EQ(heartbeats(), before);
    sink_.hung.clear();
    expect_to_vouch_again();
  }

  void expect_to_vouch_again(seconds within = seconds(2)) {
    const auto before = heartbeats();
    const auto vouches = [&] { return pump_.ready().good && heartbeats() > before; };
    for (seconds passed{0}; passed < within && !vouches(); ++passed) pass(seconds(1));
    EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
    EXPECT_GT(heartbeats(), before);
  }
};

TEST_F(PumpReadyTest, is_ready_when_mqtt_is_subscribed_and_kafka_acknowledges) {
  EXPECT_FALSE(pump_.ready().good);
  turn();
  pass(seconds(1));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
}

TEST_F(PumpReadyTest, is_not_ready_while_it_is_connected_and_hears_nothing_not_even_itself) {
  turn();
  pass(seconds(1));
  ASSERT_TRUE(pump_.ready().good) << pump_.ready().reason;
  EXPECT_GT(instruments_.echoes_heard.value(), 0);
  source_.is_deaf = true;
  for (int i = 0; i < 4; ++i) pass(seconds(10));
  EXPECT_FALSE(pump_.ready().good);
  EXPECT_EQ(pump_.ready().reason,
            "mqtt: nothing has come for 30 s, not even what we sent to ourselves");
  receive("something");
  pass(seconds(1));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;

  for (int i = 0; i < 4; ++i) pass(seconds(10));
  EXPECT_FALSE(pump_.ready().good);
  source_.is_deaf = false;
  pass(seconds(10));
  pass(seconds(1));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
}

TEST_F(PumpReadyTest, says_which_side_keeps_it_from_being_ready) {
  source_.broker_down = true;
  turn();
  pass(seconds(1));
  EXPECT_FALSE(pump_.ready().good);
  EXPECT_EQ(pump_.ready().reason, "mqtt: refused");

  source_.broker_down = false;
  sink_.set_down(true);
  pass(seconds(31));
  pass(seconds(1));
  EXPECT_FALSE(pump_.ready().good);
  EXPECT_EQ(pump_.ready().reason, "kafka: has not acknowledged anything for 30 s");
}

TEST_F(PumpReadyTest, vouches_for_nothing_while_one_topic_alone_is_not_stored) {
  turn();
  sink_.hung = kafka::kDeviceUpdates;
  receive("one");
  turn();
  for (int i = 0; i < 3; ++i) pass(seconds(10));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
  pass(seconds(10));
  expect_to_vouch_only_when_stored();
}

TEST_F(PumpReadyTest, vouches_for_nothing_while_what_hangs_keeps_an_older_message_waiting) {
  turn();
  sink_.hung = kafka::kDeviceUpdates;
  sink_.payload_bytes_max[std::string(kafka::kCommandReplies)] = 0;
  deliver("dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/reply", "refused: to go alone");
  receive("hung");
  turn();
  EXPECT_EQ(instruments_.isolated.value(), 1);
  for (int i = 0; i < 4; ++i) pass(seconds(10));
  expect_to_vouch_only_when_stored();
}

TEST_F(PumpReadyTest, vouches_for_nothing_while_one_topic_breaks_the_sink_again_and_again) {
  turn();
  sink_.failing = kafka::kDeviceUpdates;
  receive("one");
  for (int i = 0; i < 8; ++i) pass(seconds(5));
  EXPECT_GT(sink_.rebuilds, 4);
  sink_.hung = std::exchange(sink_.failing, "");  // it is not broken in this moment
  pass(seconds(5));
  expect_to_vouch_only_when_stored();
}

TEST_F(PumpReadyTest, vouches_for_nothing_while_its_own_answers_alone_are_not_stored) {
  say(1, AgentStatus::kOnline);
  say(2, AgentStatus::kOffline);
  sink_.failing = kafka::kCommandReplies;
  write_command();
  for (int i = 0; i < 4; ++i) pass(seconds(5));
  sink_.hung = std::exchange(sink_.failing, "");
  for (int i = 0; i < 3; ++i) pass(seconds(5));
  write_command();
  expect_to_vouch_only_when_stored();
}

TEST_F(PumpReadyTest, is_not_ready_while_the_heartbeat_alone_is_not_stored) {
  turn();
  sink_.failing = kafka::kAgents;
  for (int i = 0; i < 4; ++i) pass(seconds(5));
  sink_.hung = std::exchange(sink_.failing, "");
  for (int i = 0; i < 5; ++i) {
    receive("stored");
    pass(seconds(5));
  }
  EXPECT_EQ(pump_.ready().reason, kOwed);
  sink_.hung.clear();
  expect_to_vouch_again(seconds(12));
}

TEST_F(PumpReadyTest, is_not_ready_while_every_heartbeat_is_refused) {
  turn();
  sink_.payload_bytes_max[std::string(kafka::kAgents)] = 0;
  for (int i = 0; i < 6; ++i) {
    pass(seconds(10));
    receive("stored");
    turn();
  }
  EXPECT_EQ(pump_.ready().reason, kOwed);
  sink_.payload_bytes_max.clear();
  expect_to_vouch_again(seconds(12));
}

TEST_F(PumpReadyTest, is_not_ready_before_the_broker_has_answered_its_subscriptions) {
  source_.withholds_subscribed = true;
  turn();
  pass(seconds(1));
  EXPECT_EQ(pump_.ready().reason, "mqtt: the broker has not answered our subscriptions yet");
  EXPECT_EQ(instruments_.connected.value(), 0);
  receive("a", "1");
  turn();
  pass(milliseconds(50));
  EXPECT_EQ(source_.published.size(), 1U) << "confirmations do not wait for it";
}

TEST_F(PumpReadyTest, shows_that_it_is_idle_and_not_stuck) {
  turn();
  for (int i = 0; i < 6; ++i) pass(seconds(10));
  const double idle = instruments_.heartbeats_stored.value();
  EXPECT_GE(idle, 6) << "nothing to do, and all is well";
  EXPECT_TRUE(pump_.ready().good);
  sink_.set_down(true);
  for (int i = 0; i < 6; ++i) pass(seconds(10));
  EXPECT_LE(instruments_.heartbeats_stored.value(), idle);
  EXPECT_FALSE(pump_.ready().good);
}

TEST_F(PumpReadyTest, measures_what_an_operator_asks_for) {
  turn();
  receive("a", "1");
  pass(seconds(1));
  instruments_.refused("too_large");
  const std::string text = metrics_.text();
  for (const std::string name :
       {"received_total 1", "duplicates_total 0", "refused_total{reason=\"too_large\"} 1",
        "window_bytes", "window_oldest_seconds", "acknowledged_after_seconds_count 1",
        "stored_after_seconds_count 1", "in_flight", "valve_open 1", "sessions_lost_total 0",
        "dead_lettered_total 0", "heartbeats_stored_total 1", "heartbeat_seconds"}) {
    EXPECT_NE(text.find("\ndmp_bridge_" + name), std::string::npos) << name;
  }
}

TEST_F(PumpReadyTest, is_not_live_when_its_loop_no_longer_turns) {
  turn();
  EXPECT_TRUE(pump_.live().good);
  clock_.advance(seconds(11));
  EXPECT_FALSE(pump_.live().good);
}

// The stop is requested beforehand, so run() is its last part only.

}  // namespace
}  // namespace dmp::bridge
