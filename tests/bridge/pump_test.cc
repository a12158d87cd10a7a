#include "bridge/pump.h"

#include <stop_token>
#include <string>

#include <gtest/gtest.h>

#include "tests/bridge/pump_under_test.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
