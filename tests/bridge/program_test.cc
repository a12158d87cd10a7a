// What the real program does for its agents, and beside another of its kind.
#include <csignal>
#include <string>

#include "schema/codec.h"
#include "tests/bridge/bridge_between.h"

namespace dmp::bridge {
namespace {

using TheBridge = BridgeBetween;

TEST_F(TheBridge, hears_itself_while_nobody_sends) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  EXPECT_TRUE(test::wait_for([&] { return bridge_.metric("dmp_bridge_echoes_heard_total") > 0; }));
  EXPECT_EQ(bridge_.metric("dmp_bridge_received_total"), 0);
}

// Nobody was subscribed when the confirmation came, so it is lost; the agent says it again.
TEST_F(TheBridge, confirms_again_what_is_said_again_because_its_confirmation_was_lost) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  Agent agent(broker_);
  Agent::Extras asks;
  asks.correlation = "17";
  agent.publish(update_topic(MqttBroker::kRae), "{}", asks);
  ASSERT_TRUE(shows(bridge_, "dmp_bridge_confirmed_total", 1));
  agent.subscribe(std::string("dmp/v1/") + MqttBroker::kRae + "/agent/confirm");
  agent.publish(update_topic(MqttBroker::kRae), "{}", asks);
  const auto confirm = decode_confirm(agent.receive().payload);
  ASSERT_TRUE(confirm) << confirm.error().message;
  EXPECT_EQ(confirm->stored, std::vector<std::string>{"17"});
  EXPECT_TRUE(confirm->refused.empty());
  EXPECT_TRUE(shows(bridge_, "dmp_bridge_confirmed_total", 2));
  EXPECT_EQ(test::read_topic(kafka_.brokers(), kUpdates, 2).size(), 2U) << "a duplicate, no more";
}

// What Paho and OpenSSL get for a write to a socket that the other end has closed.
TEST_F(TheBridge, ignores_sigpipe) {
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  bridge_.send(SIGPIPE);
  Agent agent(broker_);
  agent.publish(update_topic(MqttBroker::kRae), "{}");
  EXPECT_TRUE(shows(bridge_, "dmp_bridge_stored_total", 1)) << bridge_.said();
}

// A RAE belongs to a broker, each broker has a bridge, and Kafka joins them.
TEST_F(TheBridge, shares_kafka_with_that_of_another_broker_and_serves_its_own_agents_only) {
  const std::string other_name = "bridge-2";
  const MqttBroker other_broker(other_name);
  BridgeProcess other(BridgeProcess::arguments(other_broker, kafka_.brokers(),
                                               folder_.file("other-window"), kWindowMessages));
  ASSERT_TRUE(bridge_.says("event=mqtt_subscribed", kPatience)) << bridge_.said();
  ASSERT_TRUE(other.says("event=mqtt_subscribed", kPatience)) << other.said();
  const std::string here = MqttBroker::kRae;
  const std::string there = MqttBroker::kOtherRae;
  Agent near(broker_, here);
  Agent far(other_broker, there);
  near.publish(update_topic(here), "near");
  far.publish(update_topic(there), "far");
  for (const auto& record : test::read_topic(kafka_.brokers(), kUpdates, 2)) {
    EXPECT_EQ(record.header("dmp-bridge"), record.value == "near" ? broker_.bridge() : other_name)
        << "so that commands find their way";
  }
  near.subscribe(command_topic(here));
  far.subscribe(command_topic(there));
  const test::KafkaRecord to_all = command_record(there, "to-all");
  const test::KafkaRecord to_far = command_record(there, "to-far", other_name);
  const test::KafkaRecord to_near = command_record(here, "to-near", broker_.bridge());
  test::produce(kafka_.brokers(), kCommands, {to_all, to_far, to_near});
  EXPECT_EQ(near.receive().payload, to_near.value);
  EXPECT_EQ(far.receive().payload, to_all.value);
  EXPECT_EQ(far.receive().payload, to_far.value);
  const std::string skipped = "dmp_bridge_commands_not_passed_on_total{reason=\"other_bridge\"}";
  for (const BridgeProcess* each : {&bridge_, &other}) EXPECT_TRUE(shows(*each, skipped, 1));
  EXPECT_TRUE(test::read_topic(kafka_.brokers(), kReplies).empty()) << "who is there is not away";
}

}  // namespace
}  // namespace dmp::bridge
