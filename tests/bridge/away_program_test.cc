// Commands through the real program: a real Mosquitto, librdkafka's mock cluster, two agents.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/codec.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/kafka_broker.h"
#include "tests/bridge/scratch_folder.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{60};
const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

class CommandsThroughTheBridge : public testing::Test {
 protected:
  CommandsThroughTheBridge() {
    for (const char* topic : {kAgents, kCommands, kReplies}) kafka_.create_topic(topic, 1);
  }

  // Back when it has passed through the bridge, as the n-th record beside heartbeats.
  void say(Agent& agent, const std::string& rae, std::int64_t timestamp, AgentStatus status) {
    agent.publish("dmp/v1/" + rae + "/agent/presence",
                  encode(AgentPresence{{timestamp}, status, ""}));
    ++said_;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (presences() < said_ && std::chrono::steady_clock::now() < deadline) {
    }
    EXPECT_EQ(presences(), said_);
  }

  // Back when Kafka has it; when that was.
  std::int64_t command(const std::string& rae, const std::string& id) {
    const std::int64_t now = SystemClock().wall_us();
    write_record(kafka_.brokers(), kCommands, 0,
                 {kCommands,
                  "dmp/v1/" + rae + "/" + kSession + "/command",
                  R"({"schema":1,"command_id":")" + id + "\"}",
                  {{"dmp-expires-at", std::to_string(now + 60'000'000)}}});
    return SystemClock().wall_us();
  }

  static constexpr const char* kAgents = "dmp.agents";
  static constexpr const char* kCommands = "dmp.device-commands";
  static constexpr const char* kReplies = "dmp.command-replies";
  ScratchFolder folder_;
  MockKafka kafka_;
  MqttBroker broker_;
  BridgeProcess bridge_{
      BridgeProcess::arguments(broker_, kafka_.brokers(), folder_.file("window"), 2000)};

 private:
  std::size_t presences() {
    const auto stored = read_topic(kafka_.brokers(), kAgents, 1);
    return static_cast<std::size_t>(std::count_if(
        stored.begin(), stored.end(),
        [](const StoredRecord& record) { return record.key.ends_with("/agent/presence"); }));
  }

  std::size_t said_ = 0;
};

TEST_F(CommandsThroughTheBridge, reach_who_is_there_once_and_are_answered_away_for_who_is_not) {
  ASSERT_TRUE(bridge_.says("event=mqtt_up", kPatience)) << bridge_.said();
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
  const auto replies = read_topic(kafka_.brokers(), kReplies, 1);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].key, "dmp/v1/rae-2/" + kSession + "/reply");
  const auto reply = decode_command_reply(replies[0].payload);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->command_id, "for-nobody");
  EXPECT_EQ(reply->state.value, ReplyState::kAway);
  std::printf("answered `away` %.0f ms after Kafka had the command\n",
              static_cast<double>(reply->timestamp.us - written_at) / 1000);

  command("rae-1", "second");
  EXPECT_EQ(there.receive().payload, R"({"schema":1,"command_id":"second"})")
      << "the first came once";
}

}  // namespace
}  // namespace dmp::bridge
