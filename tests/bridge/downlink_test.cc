#include "bridge/downlink.h"

#include <gtest/gtest.h>

#include "bridge/adapters/memory_window.h"
#include "tests/bridge/fakes.h"

namespace dmp::bridge {
namespace {

const std::string kTopic = "dmp/v1/rae-1/agent/resync";

class DownlinkTest : public testing::Test {
 protected:
  DownlinkTest() {
    source_.answers_at_once = false;
    connect();
  }

  void connect() {
    source_.connect();
    EXPECT_EQ(source_.poll()->kind, SourceEvent::Kind::kUp);
    EXPECT_EQ(source_.poll()->kind, SourceEvent::Kind::kSubscribed);
    downlink_.connected();
  }

  void write(const std::string& payload, std::int32_t partition = 0,
             const std::string& bridge = "") {
    Command command;
    command.topic = kTopic;
    command.payload = payload;
    command.bridge = bridge;
    command.expires_at = clock_.wall_us() + 60'000'000;
    commands_.write(partition, command);
  }

  // Of a session of that RAE, for this bridge.
  void write_command(const std::string& rae, const std::string& id,
                     const std::string& bridge = "bridge-1") {
    Command command;
    command.topic = "dmp/v1/" + rae + "/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/command";
    command.payload = R"({"schema":1,"command_id":")" + id + "\"}";
    command.bridge = bridge;
    command.expires_at = clock_.wall_us() + 60'000'000;
    commands_.write(0, command);
  }

  void hear(const std::string& rae, std::int64_t timestamp, AgentStatus status) {
    presences_.hear(*RaeSerial::parse(rae), {{timestamp}, status, ""}, timestamp);
  }

  // Kafka's reports reach the replies.
  void report() {
    for (const Delivery& each : sink_.poll()) replies_.reported(each);
  }

  // The broker answers the n-th message it got.
  void answer(std::size_t n, const std::string& refusal = "") {
    downlink_.answered(source_.published.at(n).ticket, refusal, false);
  }
  void answer_unheard(std::size_t n) {
    downlink_.answered(source_.published.at(n).ticket, "", true);
  }

  [[nodiscard]] std::vector<std::string> payloads() const {
    std::vector<std::string> found;
    for (const Publish& each : source_.published) found.push_back(each.payload);
    return found;
  }

  [[nodiscard]] bool counted(const std::string& reason, int count) const {
    return metrics_.text().find("dmp_bridge_commands_not_passed_on_total{reason=\"" + reason +
                                "\"} " + std::to_string(count)) != std::string::npos;
  }

  ManualClock clock_;
  Metrics metrics_;
  Instruments instruments_{metrics_};
  MemoryWindow window_{1 << 20, 8};
  FakeSource source_{window_};
  FakeCommands commands_;
  FakeSink sink_;
  Presences presences_;
  Replies replies_{"bridge-1", sink_};
  Downlink downlink_{"bridge-1", commands_, source_, presences_, replies_, clock_, instruments_};
};

TEST_F(DownlinkTest, passes_a_command_on_as_it_is_with_the_time_it_has_left) {
  write("{\"x\":1}");
  clock_.advance(std::chrono::seconds(10));
  downlink_.turn();
  ASSERT_EQ(source_.published.size(), 1U);
  EXPECT_EQ(source_.published[0].topic, kTopic);
  EXPECT_EQ(source_.published[0].payload, "{\"x\":1}");
  EXPECT_EQ(source_.published[0].expiry, std::chrono::seconds(50));
}

TEST_F(DownlinkTest, keeps_its_place_until_the_broker_has_answered) {
  write("a");
  write("b");
  downlink_.turn();
  EXPECT_TRUE(commands_.committed.empty());
  answer(1);
  EXPECT_TRUE(commands_.committed.empty()) << "an earlier one is not answered";
  answer(0);
  EXPECT_EQ(commands_.committed[0], 2);
  EXPECT_EQ(instruments_.passed_on.value(), 2);
}

TEST_F(DownlinkTest, counts_and_leaves_behind_what_the_broker_refuses) {
  write("a");
  downlink_.turn();
  answer(0, "not authorized");
  EXPECT_EQ(commands_.committed[0], 1);
  EXPECT_TRUE(counted("refused_by_broker", 1));
}

TEST_F(DownlinkTest, skips_what_is_for_another_bridge_and_what_is_over) {
  write("theirs", 0, "bridge-2");
  write("ours", 0, "bridge-1");
  write("late", 1);
  downlink_.turn();
  EXPECT_EQ(payloads(), (std::vector<std::string>{"ours", "late"}));
  EXPECT_EQ(commands_.committed[0], 1);
  EXPECT_TRUE(counted("other_bridge", 1));

  write("too late");
  clock_.advance(std::chrono::seconds(60));
  downlink_.turn();
  EXPECT_EQ(payloads().size(), 2U);
  EXPECT_TRUE(counted("expired", 1));
}

TEST_F(DownlinkTest, waits_with_what_the_broker_has_no_room_for) {
  source_.publishes_max = 1;
  write("a");
  write("b");
  downlink_.turn();
  EXPECT_EQ(payloads(), (std::vector<std::string>{"a"}));
  source_.publishes_max = 10;
  downlink_.turn();
  EXPECT_EQ(payloads(), (std::vector<std::string>{"a", "b"}));
  answer(0);
  answer(1);
  EXPECT_EQ(commands_.committed[0], 2);
}

TEST_F(DownlinkTest, sends_again_after_a_lost_connection_what_was_not_answered) {
  write("a");
  write("b");
  downlink_.turn();
  answer(0);
  const std::uint64_t old = source_.published[1].ticket;
  downlink_.ended();
  downlink_.turn();
  EXPECT_EQ(payloads().size(), 2U) << "nothing while it is away";
  downlink_.connected();
  downlink_.turn();
  EXPECT_EQ(payloads(), (std::vector<std::string>{"a", "b", "b"}));
  downlink_.answered(old, "", false);
  EXPECT_EQ(commands_.committed[0], 1) << "a late answer is not the answer to the new one";
  answer(2);
  EXPECT_EQ(commands_.committed[0], 2);
}

TEST_F(DownlinkTest, replies_away_at_once_and_goes_on_with_what_is_behind) {
  ASSERT_TRUE(sink_.rebuild());
  hear("gone", 2, AgentStatus::kOffline);
  hear("there", 2, AgentStatus::kOnline);
  write_command("gone", "c-1");
  write_command("there", "c-2");
  write_command("stranger", "c-3");
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), 2U) << "only those that may be there";
  answer(0);
  answer(1);
  EXPECT_TRUE(commands_.committed.empty()) << "Kafka has not taken the reply yet";
  report();
  downlink_.turn();
  EXPECT_EQ(commands_.committed[0], 3);
  EXPECT_TRUE(counted("away", 1));
  ASSERT_EQ(sink_.stored.size(), 1U);
  const test::KafkaRecord& reply = sink_.stored[0];
  EXPECT_EQ(reply.topic, "dmp.command-replies");
  EXPECT_EQ(reply.key, "dmp/v1/gone/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/reply");
  EXPECT_EQ(reply.header("dmp-bridge"), "bridge-1");
  EXPECT_EQ(reply.header("content-type"), "application/json");
  EXPECT_NE(reply.value.find(R"("command_id":"c-1")"), std::string::npos) << reply.value;
  EXPECT_NE(reply.value.find(R"("state":"away")"), std::string::npos) << reply.value;
}

TEST_F(DownlinkTest, replies_away_when_the_broker_knows_nobody_who_is_subscribed) {
  ASSERT_TRUE(sink_.rebuild());
  write_command("stranger", "c-1");
  write_command("there", "c-2");
  downlink_.turn();
  answer_unheard(0);
  answer(1);
  downlink_.turn();
  EXPECT_TRUE(commands_.committed.empty()) << "Kafka has not taken the reply yet";
  report();
  downlink_.turn();
  EXPECT_EQ(commands_.committed[0], 2);
  EXPECT_TRUE(counted("away", 1));
  EXPECT_EQ(instruments_.passed_on.value(), 1);
  ASSERT_EQ(sink_.stored.size(), 1U);
  const test::KafkaRecord& reply = sink_.stored[0];
  EXPECT_EQ(reply.key, "dmp/v1/stranger/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/reply");
  EXPECT_NE(reply.value.find(R"("command_id":"c-1")"), std::string::npos) << reply.value;
  EXPECT_NE(reply.value.find("nobody at the broker"), std::string::npos) << reply.value;
}

TEST_F(DownlinkTest,
       leaves_a_resync_behind_that_nobody_is_subscribed_to_and_what_is_for_all_bridges) {
  write("a resync");
  write_command("elsewhere", "c-1", "");
  downlink_.turn();
  answer_unheard(0);
  answer_unheard(1);
  EXPECT_EQ(commands_.committed[0], 2);
  EXPECT_TRUE(counted("unheard", 2));
  EXPECT_EQ(replies_.owed_since(), std::nullopt) << "the other RAE may be at another broker";
  EXPECT_EQ(instruments_.passed_on.value(), 0);
}

TEST_F(DownlinkTest, has_nobody_to_answer_for_what_the_connection_before_passed_on) {
  write_command("stranger", "c-1");
  downlink_.turn();
  downlink_.ended();
  answer_unheard(0);
  downlink_.connected();
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), 2U) << "it goes out again";
  EXPECT_EQ(replies_.owed_since(), std::nullopt);
}

// Kafka takes none, and every connection leaves some behind.
TEST_F(DownlinkTest, holds_only_so_many_replies_and_answers_every_command_later) {
  constexpr std::size_t kCommands = Downlink::kUnderWayMax;
  for (std::size_t i = 0; i < kCommands; ++i) write_command("stranger", std::to_string(i));
  constexpr std::size_t kConnections = Replies::kMax / kCommands + 1;
  for (std::size_t i = 0; i < kConnections; ++i) {
    downlink_.ended();
    downlink_.connected();
    downlink_.turn();
    for (std::size_t n = 0; n < kCommands; ++n) answer_unheard(i * kCommands + n);
    downlink_.turn();
  }
  EXPECT_FALSE(replies_.has_room());
  ASSERT_TRUE(sink_.rebuild());
  replies_.lose_all();
  for (std::size_t i = 0; i < kConnections; ++i) {
    downlink_.turn();
    report();
  }
  downlink_.turn();
  EXPECT_EQ(commands_.committed[0], static_cast<std::int64_t>(kCommands));
}

TEST_F(DownlinkTest, sends_a_command_once_its_rae_is_there_again) {
  ASSERT_TRUE(sink_.rebuild());
  hear("rae-1", 2, AgentStatus::kOffline);
  write_command("rae-1", "c-1");
  downlink_.turn();
  EXPECT_TRUE(source_.published.empty());
  hear("rae-1", 3, AgentStatus::kOnline);
  write_command("rae-1", "c-1");
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), 1U);
}

TEST_F(DownlinkTest, lets_commands_pass_while_kafka_takes_no_replies_and_replies_later) {
  hear("gone", 2, AgentStatus::kOffline);
  write_command("gone", "c-1");
  write_command("there", "c-2");
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), 1U);
  answer(0);
  ASSERT_TRUE(sink_.rebuild());
  replies_.lose_all();
  downlink_.turn();
  report();
  downlink_.turn();
  EXPECT_EQ(sink_.stored.size(), 1U);
  EXPECT_EQ(commands_.committed[0], 2);
}

TEST_F(DownlinkTest, replies_again_after_a_rebuild_and_leaves_no_command_behind_for_an_old_report) {
  ASSERT_TRUE(sink_.rebuild());
  hear("gone", 2, AgentStatus::kOffline);
  write_command("gone", "c-1");
  downlink_.turn();
  sink_.break_after_storing(1);
  ASSERT_TRUE(sink_.rebuild());
  replies_.lose_all();
  downlink_.turn();
  downlink_.ended();
  report();
  downlink_.connected();
  downlink_.turn();
  EXPECT_TRUE(commands_.committed.empty()) << "the report was of the connection before";
  report();
  downlink_.turn();
  EXPECT_EQ(commands_.committed[0], 1);
  EXPECT_EQ(sink_.stored.size(), 3U);
}

TEST_F(DownlinkTest, has_only_so_many_under_way) {
  for (std::size_t i = 0; i < Downlink::kUnderWayMax + 10; ++i) write(std::to_string(i));
  downlink_.turn();
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), Downlink::kUnderWayMax);
  answer(0);
  downlink_.turn();
  EXPECT_EQ(source_.published.size(), Downlink::kUnderWayMax + 1);
}

}  // namespace
}  // namespace dmp::bridge
