// Commands through the real program: a real Mosquitto, an emulated Kafka, two agents.
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/codec.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/scratch_folder.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"
#include "tests/fixtures/waiting.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{60};
const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

class CommandsThroughTheBridge : public testing::Test {
 protected:
  // Back when it has passed through the bridge.
  void say(Agent& agent, const std::string& rae, std::int64_t timestamp, AgentStatus status) {
    agent.publish("dmp/v1/" + rae + "/agent/presence",
                  encode(AgentPresence{{timestamp}, status, ""}));
    ++said_;
    EXPECT_TRUE(shows("dmp_bridge_stored_total", said_));
  }

  bool shows(const std::string& metric, double value) {
    return test::wait_for([&] { return bridge_.metric(metric) == value; }, kPatience);
  }

  // Back when Kafka has it; when that was.
  std::int64_t command(const std::string& rae, const std::string& id) {
    const std::int64_t now = SystemClock().wall_us();
    test::produce(kafka_.brokers(), kCommands,
                  {{"dmp/v1/" + rae + "/" + kSession + "/command",
                    R"({"schema":1,"command_id":")" + id + "\"}",
                    {{"dmp-expires-at", std::to_string(now + 60'000'000)}}}});
    return SystemClock().wall_us();
  }

  static constexpr const char* kAgents = "dmp.agents";
  static constexpr const char* kCommands = "dmp.device-commands";
  static constexpr const char* kReplies = "dmp.command-replies";
  ScratchFolder folder_;
  test::EmulatedKafka kafka_{{{kAgents, 1}, {kCommands, 1}, {kReplies, 1}}};
  MqttBroker broker_;
  BridgeProcess bridge_{
      BridgeProcess::arguments(broker_, kafka_.brokers(), folder_.file("window"), 2000)};

 private:
  double said_ = 0;
};

TEST_F(CommandsThroughTheBridge, reach_who_is_there_once_and_are_answered_away_for_who_is_not) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  Agent there(broker_);
  there.subscribe("dmp/v1/rae-1/" + kSession + "/command");
  say(there, "rae-1", 10, AgentStatus::kOnline);
  {
    Agent gone(broker_, MqttBroker::kOtherRae);
    say(gone, "rae-2", 10, AgentStatus::kOnline);
    say(gone, "rae-2", 11, AgentStatus::kOffline);
  }
  const std::int64_t written_at = command("rae-2", "for-nobody");
  command("rae-1", "first");
  EXPECT_EQ(there.receive().payload, R"({"schema":1,"command_id":"first"})")
      << "it was behind the one for nobody";
  const auto replies = test::read_topic(kafka_.brokers(), kReplies, 1);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].key, "dmp/v1/rae-2/" + kSession + "/reply");
  const auto reply = decode_command_reply(replies[0].value);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->command_id, "for-nobody");
  EXPECT_EQ(reply->state.value, ReplyState::kAway);
  std::printf("answered `away` %.0f ms after Kafka had the command\n",
              static_cast<double>(reply->timestamp.us - written_at) / 1000);

  command("rae-1", "second");
  EXPECT_EQ(there.receive().payload, R"({"schema":1,"command_id":"second"})")
      << "the first came once";
}

// Nothing that passed through the bridge tells of this one: it was offline before.
TEST_F(CommandsThroughTheBridge, are_answered_away_for_who_was_never_heard_of) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  command("rae-2", "for-nobody");
  const auto replies = test::read_topic(kafka_.brokers(), kReplies, 1);
  ASSERT_EQ(replies.size(), 1U);
  const auto reply = decode_command_reply(replies[0].value);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->command_id, "for-nobody");
  EXPECT_EQ(reply->state.value, ReplyState::kAway);
}

// The broker then takes every command, wherever its agent is: only what passes through the bridge
// tells, and whoever sent a command sends it again at the RAE's next `online`.
TEST_F(CommandsThroughTheBridge, reach_their_agent_at_its_next_online_behind_a_foreign_listener) {
  const std::string passed_on = "dmp_bridge_commands_passed_on_total";
  const std::string payload = R"({"schema":1,"command_id":"again"})";
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  Agent foreign(broker_, MqttBroker::kOtherRae);
  foreign.subscribe("#");

  command("rae-1", "again");
  EXPECT_TRUE(shows(passed_on, 1))
      << "nobody has heard of the RAE, and the broker hides that it is away";
  {
    Agent there(broker_);
    there.subscribe("dmp/v1/rae-1/" + kSession + "/command");
    say(there, "rae-1", 10, AgentStatus::kOnline);
    command("rae-1", "again");
    EXPECT_EQ(there.receive().payload, payload);
    say(there, "rae-1", 11, AgentStatus::kOffline);
  }
  command("rae-1", "again");
  const auto replies = test::read_topic(kafka_.brokers(), kReplies, 1);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(decode_command_reply(replies[0].value)->state.value, ReplyState::kAway)
      << "the bridge has heard that it left, whatever the broker says";
  Agent back(broker_);
  back.subscribe("dmp/v1/rae-1/" + kSession + "/command");
  say(back, "rae-1", 12, AgentStatus::kOnline);
  command("rae-1", "again");
  EXPECT_EQ(back.receive().payload, payload);

  command("rae-2", "own");
  EXPECT_EQ(foreign.receive().payload, R"({"schema":1,"command_id":"own"})")
      << "those of others were not for it to read";
  EXPECT_TRUE(shows(passed_on, 4));
}

}  // namespace
}  // namespace dmp::bridge
