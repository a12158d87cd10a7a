// Commands through the real program.
#include <csignal>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "schema/codec.h"
#include "tests/bridge/bridge_between.h"
#include "tests/fixtures/logged_program.h"

namespace dmp::bridge {
namespace {

// Of stdbuf, as it would keep its words back: a RAE in a process of its own.
std::vector<std::string> listener_arguments(const MqttBroker& broker, const std::string& rae) {
  const std::string port = broker.uri().substr(broker.uri().rfind(':') + 1);
  std::istringstream line("-oL mosquitto_sub -h 127.0.0.1 -p " + port + " -V mqttv5 -q 1 -d -i " +
                          rae + " --cafile " + broker.file("ca.crt") + " --cert " +
                          broker.file(rae + ".crt") + " --key " + broker.file(rae + ".key") +
                          " -t dmp/v1/" + rae + "/+/command");
  return {std::istream_iterator<std::string>(line), {}};
}

class CommandsThroughTheBridge : public BridgeBetween {
 protected:
  // Back when it has passed through the bridge.
  void say(Agent& agent, const std::string& rae, std::int64_t timestamp, AgentStatus status) {
    agent.publish("dmp/v1/" + rae + "/agent/presence",
                  encode(AgentPresence{{timestamp}, status, ""}));
    ++said_;
    EXPECT_TRUE(shows(bridge_, "dmp_bridge_stored_total", said_));
  }

  // Back when Kafka has it.
  void command(const std::string& rae, const std::string& id) {
    test::produce(kafka_.brokers(), kCommands, {command_record(rae, id, broker_.bridge())});
  }

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
  command("rae-2", "for-nobody");
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
  EXPECT_TRUE(shows(bridge_, passed_on, 1))
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
  EXPECT_TRUE(shows(bridge_, passed_on, 4));
}

// It answers nothing any more: the broker keeps its commands, or drops them where they are too
// many.
TEST_F(CommandsThroughTheBridge, are_held_up_by_no_rae_that_stands_still) {
  constexpr int kMany = 300;  // above what the broker sends without an answer
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  const std::string slow = MqttBroker::kOtherRae;
  const test::LoggedProgram standing("/usr/bin/stdbuf", listener_arguments(broker_, slow),
                                     folder_.file("slow.log"));
  ASSERT_TRUE(standing.says("Subscribed")) << standing.said();
  standing.send(SIGSTOP);
  Agent there(broker_);
  there.subscribe(command_topic(MqttBroker::kRae));
  std::vector<test::KafkaRecord> commands;
  for (int i = 0; i < kMany; ++i) commands.push_back(command_record(slow, std::to_string(i)));
  commands.push_back(command_record(MqttBroker::kRae, "behind"));
  test::produce(kafka_.brokers(), kCommands, commands);
  EXPECT_EQ(there.receive().payload, commands.back().value);
  EXPECT_TRUE(shows(bridge_, "dmp_bridge_commands_passed_on_total", kMany + 1));
}

}  // namespace
}  // namespace dmp::bridge
