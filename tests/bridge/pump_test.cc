#include "bridge/pump.h"

#include <algorithm>
#include <stop_token>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "bridge/adapters/memory_window.h"
#include "schema/codec.h"
#include "schema/topics.h"
#include "tests/bridge/fakes.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WaterMarks kMarks{
    .high_bytes = 1 << 20, .low_bytes = 1 << 19, .high_messages = 20, .low_messages = 10};

constexpr const char* kOwed = "kafka: has owed an acknowledgement for 30 s";

class PumpTest : public testing::Test {
 protected:
  void receive(const std::string& payload, const std::string& correlation = "",
               const std::string& rae = "rae-1") {
    deliver("dmp/v1/" + rae + "/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update", payload, correlation);
  }

  void deliver(const std::string& topic, const std::string& payload,
               const std::string& correlation = "") {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.correlation = correlation;
    source_.deliver(message);
  }

  // Of rae-1.
  void say(std::int64_t timestamp, AgentStatus status) {
    deliver("dmp/v1/rae-1/agent/presence", encode(AgentPresence{{timestamp}, status, ""}));
    turn();
  }

  // To rae-1.
  void write_command() {
    Command command;
    command.topic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/command";
    command.payload = R"({"schema":1,"command_id":"c-1"})";
    command.expires_at = clock_.wall_us() + 60'000'000;
    commands_.write(0, command);
    turn();
  }

  [[nodiscard]] std::ptrdiff_t replies() const {
    return std::ranges::count(sink_.stored, kafka::kCommandReplies, &test::KafkaRecord::topic);
  }

  [[nodiscard]] std::ptrdiff_t heartbeats() const {
    return std::ranges::count(sink_.stored, kafka::kAgents, &test::KafkaRecord::topic);
  }

  void turn(int times = 4) {
    for (int i = 0; i < times; ++i) pump_.turn();
  }

  // Lets a step of time pass and everything settle.
  void pass(milliseconds step) {
    clock_.advance(step);
    turn();
  }

  [[nodiscard]] std::vector<std::string> stored() const {
    std::vector<std::string> payloads;
    for (const test::KafkaRecord& record : sink_.stored) {
      if (record.topic == kafka::kDeviceUpdates) payloads.push_back(record.value);
    }
    return payloads;
  }

  void expect_to_vouch_for_nothing() {
    EXPECT_FALSE(pump_.ready().good);
    EXPECT_EQ(pump_.ready().reason, kOwed);
    const auto before = heartbeats();
    pass(seconds(10));
    EXPECT_EQ(heartbeats(), before);
  }

  void expect_to_vouch_again(seconds within = seconds(2)) {
    const auto before = heartbeats();
    const auto vouches = [&] { return pump_.ready().good && heartbeats() > before; };
    for (seconds passed{0}; passed < within && !vouches(); ++passed) pass(seconds(1));
    EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
    EXPECT_GT(heartbeats(), before);
  }

  ManualClock clock_;
  Metrics metrics_;
  Instruments instruments_{metrics_};
  Wake wake_;
  MemoryWindow window_{4 * 1024 * 1024, 40};
  FakeSource source_{window_, kMarks};
  FakeSink sink_;
  Uplink uplink_{"bridge-1", *Routes::make(uplink_routes()), window_, sink_, clock_, instruments_};
  FakeCommands commands_;
  Downlink downlink_{"bridge-1",        commands_, source_,     uplink_.presences(),
                     uplink_.replies(), clock_,    instruments_};
  Pump pump_{kMarks, 1, uplink_, downlink_, window_, source_, wake_, clock_, instruments_};
};

TEST_F(PumpTest, is_ready_when_mqtt_is_subscribed_and_kafka_acknowledges) {
  EXPECT_FALSE(pump_.ready().good);
  turn();
  pass(seconds(1));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
}

TEST_F(PumpTest, says_which_side_keeps_it_from_being_ready) {
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

TEST_F(PumpTest, vouches_for_nothing_while_one_topic_alone_is_not_stored) {
  turn();
  sink_.hung = kafka::kDeviceUpdates;
  receive("one");
  turn();
  for (int i = 0; i < 3; ++i) pass(seconds(10));
  EXPECT_TRUE(pump_.ready().good) << pump_.ready().reason;
  pass(seconds(10));
  expect_to_vouch_for_nothing();
  sink_.hung.clear();
  expect_to_vouch_again();
}

TEST_F(PumpTest, vouches_for_nothing_while_what_hangs_keeps_an_older_message_waiting) {
  turn();
  sink_.hung = kafka::kDeviceUpdates;
  sink_.payload_bytes_max[std::string(kafka::kCommandReplies)] = 0;
  deliver("dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/reply", "refused: to go alone");
  receive("hung");
  turn();
  EXPECT_EQ(instruments_.isolated.value(), 1);
  for (int i = 0; i < 4; ++i) pass(seconds(10));
  expect_to_vouch_for_nothing();
  sink_.hung.clear();
  expect_to_vouch_again();
}

TEST_F(PumpTest, vouches_for_nothing_while_one_topic_breaks_the_sink_again_and_again) {
  turn();
  sink_.failing = kafka::kDeviceUpdates;
  receive("one");
  for (int i = 0; i < 8; ++i) pass(seconds(5));
  EXPECT_GT(sink_.rebuilds, 4);
  sink_.hung = std::exchange(sink_.failing, "");  // it is not broken in this moment
  pass(seconds(5));
  expect_to_vouch_for_nothing();
  sink_.hung.clear();
  expect_to_vouch_again();
}

TEST_F(PumpTest, vouches_for_nothing_while_its_own_answers_alone_are_not_stored) {
  say(1, AgentStatus::kOnline);
  say(2, AgentStatus::kOffline);
  sink_.failing = kafka::kCommandReplies;
  write_command();
  for (int i = 0; i < 4; ++i) pass(seconds(5));
  sink_.hung = std::exchange(sink_.failing, "");
  for (int i = 0; i < 3; ++i) pass(seconds(5));
  write_command();
  expect_to_vouch_for_nothing();
  sink_.hung.clear();
  expect_to_vouch_again();
}

TEST_F(PumpTest, is_not_ready_while_the_heartbeat_alone_is_not_stored) {
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

TEST_F(PumpTest, is_not_ready_while_every_heartbeat_is_refused) {
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

TEST_F(PumpTest, confirms_to_the_rae_of_the_topic_once_kafka_has_it) {
  turn();
  sink_.set_down(true);
  receive("a", "1");
  pass(seconds(1));
  EXPECT_TRUE(source_.published.empty());
  sink_.set_down(false);
  turn();
  pass(milliseconds(50));
  ASSERT_EQ(source_.published.size(), 1U);
  EXPECT_EQ(source_.published[0].topic, "dmp/v1/rae-1/agent/confirm");
  EXPECT_EQ(source_.published[0].expiry, seconds(60));
  const auto confirm = decode_confirm(source_.published[0].payload);
  ASSERT_TRUE(confirm) << confirm.error().message;
  EXPECT_EQ(confirm->stored, (std::vector<std::string>{"1"}));
  EXPECT_EQ(confirm->sent_at.us, clock_.wall_us());
  EXPECT_EQ(instruments_.confirmed.value(), 1);
}

TEST_F(PumpTest, keeps_confirmations_for_the_time_after_a_lost_connection) {
  turn();
  receive("a", "1");
  source_.broker_down = true;
  source_.lose();
  pass(seconds(5));
  EXPECT_TRUE(source_.published.empty());
  source_.broker_down = false;
  pass(seconds(3));
  turn();
  EXPECT_EQ(source_.published.size(), 1U);
}

TEST_F(PumpTest, keeps_confirmations_that_the_broker_has_no_room_for_and_sends_them_once) {
  turn();
  source_.publishes_max = 1;
  receive("a", "1");
  receive("b", "2", "rae-2");
  receive("c", "3", "rae-3");
  turn();
  pass(milliseconds(50));
  EXPECT_EQ(source_.published.size(), 1U);
  EXPECT_EQ(uplink_.confirmations().pending(), 2U);
  EXPECT_GT(pump_.turn(), clock_.steady()) << "waits before it tries again";
  source_.publishes_max = 1000;
  pass(milliseconds(50));
  std::vector<std::string> topics;
  for (const auto& each : source_.published) topics.push_back(each.topic);
  EXPECT_EQ(topics,
            (std::vector<std::string>{"dmp/v1/rae-1/agent/confirm", "dmp/v1/rae-2/agent/confirm",
                                      "dmp/v1/rae-3/agent/confirm"}));
  EXPECT_EQ(instruments_.confirmed.value(), 3);
  EXPECT_EQ(instruments_.confirmations_lost.value(), 0);
}

TEST_F(PumpTest, only_reads_no_further_while_kafka_is_slow) {
  turn();
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    sink_.set_down(i % 50 != 49);
    expected.push_back(std::to_string(i));
    receive(expected.back());
    pass(milliseconds(20));
  }
  sink_.set_down(false);
  turn(20);
  EXPECT_EQ(stored(), expected);
  EXPECT_EQ(source_.connects, 1);
  EXPECT_GE(instruments_.holds.value(), 4);
}

TEST_F(PumpTest, leaves_the_broker_if_holding_does_not_help_and_comes_back_at_low_water) {
  turn();
  sink_.set_down(true);
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back(std::to_string(i));
    receive(expected.back());
    pump_.turn();
  }
  EXPECT_TRUE(source_.is_up());
  EXPECT_EQ(window_.level().messages, 20U);
  pass(Valve::kHoldMax - milliseconds(100));
  EXPECT_TRUE(source_.is_up());
  EXPECT_EQ(pump_.turn(), clock_.steady() + milliseconds(100)) << "it has an eye on the time";
  pass(milliseconds(100));
  EXPECT_FALSE(source_.is_up());
  EXPECT_EQ(window_.level().refused, 0U);
  pass(seconds(10));
  EXPECT_FALSE(source_.is_up()) << "nothing has become free";
  EXPECT_EQ(pump_.ready().reason, "window: full, waiting for kafka; mqtt is closed");

  sink_.set_down(false);
  turn();
  EXPECT_FALSE(source_.is_up()) << "comes back with jitter, not at once";
  for (int i = 0; i < 20; ++i) pass(seconds(2));
  EXPECT_TRUE(source_.is_up());
  EXPECT_EQ(stored(), expected);
}

TEST_F(PumpTest, can_be_stopped_while_it_reads_nothing) {
  turn();
  sink_.set_down(true);
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    receive(std::to_string(i));
    if (i < 20) expected.push_back(std::to_string(i));
  }
  turn();
  sink_.set_down(false);
  std::stop_source stop;
  stop.request_stop();
  pump_.run(stop.get_token());
  EXPECT_FALSE(source_.is_up());
  const std::vector<std::string> all = stored();
  ASSERT_GE(all.size(), expected.size());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), all.begin()));
}

TEST_F(PumpTest, is_not_ready_before_the_broker_has_answered_its_subscriptions) {
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

TEST_F(PumpTest, answers_away_for_who_left_while_it_was_not_there_itself) {
  turn();
  source_.lose();
  sink_.pending_max = 0;  // so that the loop hears of it only after it has subscribed
  receive("a");
  say(1, AgentStatus::kOffline);
  pass(seconds(3));
  ASSERT_TRUE(source_.is_up());
  write_command();
  EXPECT_EQ(replies(), 0);
  EXPECT_TRUE(source_.published.empty()) << "nobody knows yet who is away";

  sink_.pending_max = 1000;
  turn();
  EXPECT_TRUE(uplink_.presences().is_away(*RaeSerial::parse("rae-1")));
  EXPECT_EQ(replies(), 1);
  EXPECT_TRUE(source_.published.empty());
}

TEST_F(PumpTest, keeps_the_order_of_what_the_window_had_to_refuse) {
  source_.marks.reset();
  turn();
  sink_.set_down(true);
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {  // faster than the loop can turn
    expected.push_back(std::to_string(i));
    receive(expected.back());
  }
  EXPECT_GT(window_.level().refused, 0U);
  sink_.set_down(false);
  for (int i = 0; i < 20; ++i) pass(seconds(2));
  EXPECT_EQ(stored(), expected);
  EXPECT_GT(instruments_.window_refused.value(), 0);
}

TEST_F(PumpTest, raises_the_alarm_when_the_broker_has_lost_our_session) {
  turn();
  source_.lose();
  turn();
  pass(seconds(3));
  EXPECT_EQ(instruments_.sessions_lost.value(), 0);
  source_.session_kept = false;
  source_.lose();
  turn();
  pass(seconds(3));
  EXPECT_EQ(instruments_.sessions_lost.value(), 1);
  EXPECT_EQ(instruments_.connects.value(), 3);
}

TEST_F(PumpTest, shows_that_it_is_idle_and_not_stuck) {
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

TEST_F(PumpTest, measures_what_an_operator_asks_for) {
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

TEST_F(PumpTest, is_not_live_when_its_loop_no_longer_turns) {
  turn();
  EXPECT_TRUE(pump_.live().good);
  clock_.advance(seconds(11));
  EXPECT_FALSE(pump_.live().good);
}

// The stop is requested beforehand, so run() is its last part only.
TEST_F(PumpTest, stores_confirms_and_leaves_when_it_is_stopped) {
  turn();
  receive("a", "1");
  receive("b", "2");
  std::stop_source stop;
  stop.request_stop();
  pump_.run(stop.get_token());
  EXPECT_EQ(stored(), (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(source_.published.size(), 1U);
  EXPECT_FALSE(source_.is_up());
  EXPECT_EQ(window_.level().messages, 0U);
}

// Time that passes by being looked at.
class RushingClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return 1; }
  [[nodiscard]] SteadyTime steady() const override { return now_ += milliseconds(100); }

 private:
  mutable SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(PumpTest, gives_up_in_time_when_it_is_stopped_while_kafka_is_away) {
  const RushingClock clock;
  Pump pump{kMarks, 1, uplink_, downlink_, window_, source_, wake_, clock, instruments_};
  pump.turn();
  sink_.set_down(true);
  receive("a", "1");
  pump.turn();
  std::stop_source stop;
  stop.request_stop();
  const SteadyTime start = clock.steady();
  pump.run(stop.get_token());
  EXPECT_LE(clock.steady() - start, Pump::kStopPatience + seconds(3));
  EXPECT_EQ(window_.level().messages, 1U);
  EXPECT_FALSE(source_.is_up());
  EXPECT_TRUE(source_.published.empty()) << "what is not stored is not confirmed";
}

TEST_F(PumpTest,
       replies_away_for_a_rae_whose_will_has_passed_until_it_is_back_or_all_is_forgotten) {
  turn();
  say(1, AgentStatus::kOnline);
  say(2, AgentStatus::kOffline);
  write_command();
  EXPECT_TRUE(source_.published.empty());
  EXPECT_EQ(replies(), 1);
  EXPECT_EQ(commands_.committed[0], 1);

  say(3, AgentStatus::kOnline);
  write_command();
  EXPECT_EQ(source_.published.size(), 1U);

  say(4, AgentStatus::kOffline);
  source_.session_kept = false;
  source_.lose();
  turn();
  pass(seconds(3));
  write_command();
  EXPECT_EQ(source_.published.size(), 2U) << "what was said meanwhile is lost, so nothing is known";
  EXPECT_EQ(replies(), 1);
}

TEST_F(PumpTest, passes_commands_on_while_it_is_connected_and_again_what_was_not_answered) {
  Command command;
  command.topic = "dmp/v1/rae-1/agent/resync";
  command.payload = "{}";
  command.expires_at = clock_.wall_us() + 60'000'000;
  commands_.write(0, command);
  source_.answers_at_once = false;
  turn();
  ASSERT_EQ(source_.published.size(), 1U);
  EXPECT_EQ(source_.published[0].topic, command.topic);
  EXPECT_TRUE(commands_.committed.empty()) << "the broker has not answered";

  source_.lose();
  source_.answers_at_once = true;
  turn();
  pass(seconds(3));
  EXPECT_EQ(source_.published.size(), 2U);
  EXPECT_EQ(commands_.committed[0], 1);
}

}  // namespace
}  // namespace dmp::bridge
