// schema/asyncapi.yaml is what people read: routes and codec are held against it here. The only
// file that includes yaml-cpp.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "bridge/core/command.h"
#include "bridge/core/record.h"
#include "bridge/core/route.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(DMP_SOURCE_DIR) / "schema";
const RaeSerial kRae = *RaeSerial::parse("rae-1");
const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string filter_of(const std::string& address) {
  return replaced(replaced(replaced(address, "{rae}", "+"), "{session}", "+"), "{bridge}", "+");
}

bool is_of_raes(const std::string& address) { return address.starts_with("dmp/v1/{rae}/"); }

std::string topic_of(const std::string& address) {
  return replaced(replaced(address, "{rae}", kRae.str()), "{session}", kSession.str());
}

class AsyncApi : public testing::Test {
 protected:
  // What a reference of this document points to: #/a/b.
  [[nodiscard]] YAML::Node at(const std::string& reference) const {
    std::istringstream steps(reference.substr(2));
    YAML::Node node = YAML::Clone(document_);
    for (std::string step; std::getline(steps, step, '/');) node.reset(node[step]);
    EXPECT_TRUE(node.IsDefined() && !node.IsNull()) << reference;
    return node;
  }

  // Channels that the bridge acts on so, by name.
  [[nodiscard]] std::map<std::string, YAML::Node> channels(const std::string& action) const {
    std::map<std::string, YAML::Node> found;
    for (const auto& each : document_["operations"]) {
      if (each.second["action"].as<std::string>() != action) continue;
      const auto reference = each.second["channel"]["$ref"].as<std::string>();
      found[reference.substr(reference.rfind('/') + 1)].reset(at(reference));
    }
    return found;
  }

  static std::string address(const YAML::Node& channel) {
    return channel["address"].as<std::string>();
  }
  static std::string kafka_topic(const YAML::Node& channel) {
    return channel["x-kafka-topic"] ? channel["x-kafka-topic"].as<std::string>() : "";
  }

  // Of the channel that this filter subscribes to; 0: there is none.
  [[nodiscard]] std::size_t bytes_max(const std::string& filter) const {
    for (const auto& each : document_["channels"]) {
      if (filter_of(address(each.second)) != filter) continue;
      return each.second["x-payload-bytes-max"].as<std::size_t>();
    }
    return 0;
  }

  struct HeaderNames {
    std::set<std::string> known;
    std::set<std::string> required;
  };
  // Of the Kafka records behind a channel.
  [[nodiscard]] HeaderNames headers_of(const YAML::Node& channel) const {
    HeaderNames names;
    const YAML::Node schema = at(channel["x-kafka-headers"]["$ref"].as<std::string>());
    for (const auto& each : schema["properties"]) names.known.insert(each.first.as<std::string>());
    for (const auto& each : schema["required"]) names.required.insert(each.as<std::string>());
    return names;
  }
  static std::set<std::string> names_of(const Record& record) {
    std::set<std::string> names;
    for (const Header& header : record.headers) names.emplace(header.name);
    return names;
  }

  const YAML::Node document_ = YAML::LoadFile(kFolder / "asyncapi.yaml");
};

TEST_F(AsyncApi, names_every_route_and_no_other) {
  using Pairs = std::set<std::pair<std::string, std::string>>;
  Pairs documented;
  for (const auto& [name, channel] : channels("receive")) {
    documented.emplace(filter_of(address(channel)), kafka_topic(channel));
  }
  Pairs routed;
  for (const Route& route : uplink_routes()) routed.emplace(route.filter, route.kafka_topic);
  routed.emplace(bridge_echo_topic("+"), "");
  EXPECT_EQ(documented, routed);
}

TEST_F(AsyncApi, allows_payloads_as_large_as_routes_and_downlink_do) {
  for (const Route& route : uplink_routes()) {
    EXPECT_EQ(bytes_max(route.filter), route.payload_bytes_max) << route.filter;
  }
  for (const auto& [name, channel] : channels("send")) {
    if (kafka_topic(channel) != kafka::kDeviceCommands) continue;
    Command command;
    command.topic = topic_of(address(channel));
    command.expires_at = 2;
    command.payload.assign(bytes_max(filter_of(address(channel))), ' ');
    EXPECT_FALSE(objection_to(command, "bridge-1", 1)) << name;
    command.payload += ' ';
    EXPECT_TRUE(objection_to(command, "bridge-1", 1)) << name;
  }
}

TEST_F(AsyncApi, names_the_headers_that_the_bridge_writes) {
  RecordBuilder builder("bridge-1");
  Message message;
  message.topic = "topic";
  const auto required = names_of(builder.record(message, kafka::kDeviceUpdates));
  message.content_type = "application/json";
  const auto known = names_of(builder.record(message, kafka::kDeviceUpdates));
  EXPECT_EQ(names_of(builder.heartbeat("{}", 1)), known);
  EXPECT_EQ(names_of(builder.reply({"topic", "{}", 1})), known);
  std::map<std::string, YAML::Node> written;
  for (const auto& [name, channel] : channels("receive")) {
    if (!kafka_topic(channel).empty()) written[name].reset(channel);
  }
  for (const auto& [name, channel] : channels("send")) {
    if (address(channel).starts_with("dmp.")) written[name].reset(channel);
  }
  EXPECT_EQ(written.size(), 6U);
  for (const auto& [name, channel] : written) {
    EXPECT_EQ(headers_of(channel).known, known) << name;
    EXPECT_EQ(headers_of(channel).required, required) << name;
  }
}

TEST_F(AsyncApi, names_the_headers_that_the_bridge_asks_of_commands) {
  for (const auto& [name, channel] : channels("send")) {
    if (kafka_topic(channel) != kafka::kDeviceCommands) continue;
    const HeaderNames headers = headers_of(channel);
    EXPECT_EQ(headers.known, (std::set<std::string>{"dmp-bridge", "dmp-expires-at"})) << name;
    EXPECT_EQ(headers.required, std::set<std::string>{"dmp-expires-at"}) << name;
    Command command;
    command.topic = topic_of(address(channel));
    EXPECT_EQ(objection_to(command, "bridge-1", 1)->code, "no_expiry") << name;
  }
}

TEST_F(AsyncApi, names_every_topic_of_the_contract) {
  std::set<TopicKind> kinds;
  for (const auto& each : document_["channels"]) {
    const std::string name = address(each.second);
    if (!is_of_raes(name)) continue;
    const auto topic = parse_topic(topic_of(name));
    ASSERT_TRUE(topic) << topic.error().message;
    EXPECT_TRUE(kinds.insert(topic->kind).second) << name << " twice";
  }
  EXPECT_EQ(kinds.size(), 7U);
}

TEST_F(AsyncApi, sends_down_from_kafka_what_the_bridge_passes_on) {
  int passed_on = 0;
  for (const auto& [name, channel] : channels("send")) {
    if (!is_of_raes(address(channel))) continue;
    Command command;
    command.topic = topic_of(address(channel));
    command.expires_at = 2;
    const bool passes = !objection_to(command, "bridge-1", 1);
    EXPECT_EQ(passes, kafka_topic(channel) == kafka::kDeviceCommands) << name;
    if (passes) ++passed_on;
  }
  EXPECT_EQ(passed_on, 2);
}

TEST_F(AsyncApi, points_to_a_schema_whose_example_the_codec_of_that_topic_reads) {
  const std::map<std::string, std::function<bool(const std::string&)>> codecs = {
      {"update",
       [](const auto& bytes) { return decode_update(bytes, kRae, kSession).has_value(); }},
      {"presence",
       [](const auto& bytes) { return decode_agent_presence(bytes, kRae).has_value(); }},
      {"roster", [](const auto& bytes) { return decode_roster(bytes, kRae).has_value(); }},
      {"reply", [](const auto& bytes) { return decode_command_reply(bytes).has_value(); }},
      {"away", [](const auto& bytes) { return decode_command_reply(bytes).has_value(); }},
      {"confirm", [](const auto& bytes) { return decode_confirm(bytes).has_value(); }},
      {"resync", [](const auto& bytes) { return decode_resync(bytes).has_value(); }},
      {"heartbeats", [](const auto& bytes) { return decode_bridge_heartbeat(bytes).has_value(); }},
  };
  for (const auto& [name, reads] : codecs) {
    SCOPED_TRACE(name);
    const YAML::Node messages = at("#/channels/" + name)["messages"];
    ASSERT_EQ(messages.size(), 1U);
    const YAML::Node message = at(messages.begin()->second["$ref"].as<std::string>());
    const auto schema = message["payload"]["$ref"].as<std::string>();
    EXPECT_TRUE(std::filesystem::exists(kFolder / schema)) << schema;
    const std::string stem = std::filesystem::path(schema).stem().stem();
    std::ifstream file(kFolder / "json/examples" / (stem + ".json"));
    std::ostringstream bytes;
    bytes << file.rdbuf();
    EXPECT_TRUE(reads(bytes.str())) << stem;
  }
  EXPECT_TRUE(decode_command_id(R"({"schema":1,"command_id":"c-1"})"));
  const YAML::Node command = at("#/components/messages/command")["payload"];
  EXPECT_EQ(command["required"].size(), 2U);
}

}  // namespace
}  // namespace dmp::bridge
