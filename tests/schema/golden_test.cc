// The JSON Schemas are normative; the examples are the contract people read. Both are held against
// the codec here. The only file that includes valijson.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kFolder = std::filesystem::path(DMP_SOURCE_DIR) / "schema/json";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string example(const std::string& name) {
  return read_file(kFolder / "examples" / (name + ".json"));
}

bool conforms(const std::string& name, const Json& message) {
  const Json document = Json::parse(read_file(kFolder / (name + ".schema.json")));
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(document),
                                          schema);
  return valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(message),
                                        nullptr);
}

const RaeSerial kRae = *RaeSerial::parse("rae-1");
const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");

Result<std::string> round_trip(const std::string& name, const std::string& bytes) {
  const auto again = [](const auto& message) { return encode(message); };
  if (name == "device-update") return decode_update(bytes, kRae, kSession).map(again);
  if (name == "agent-presence") return decode_agent_presence(bytes, kRae).map(again);
  if (name == "agent-roster") return decode_roster(bytes, kRae).map(again);
  if (name == "agent-confirm") return decode_confirm(bytes).map(again);
  if (name == "agent-resync") return decode_resync(bytes).map(again);
  if (name == "command-reply") return decode_command_reply(bytes).map(again);
  return decode_bridge_heartbeat(bytes).map(again);
}

const std::vector<std::string> kMessages = {"device-update", "agent-presence", "agent-roster",
                                            "agent-confirm", "agent-resync",   "bridge-heartbeat",
                                            "command-reply"};

TEST(Golden, every_schema_has_an_example_and_every_example_a_schema) {
  std::size_t schemas = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (!entry.is_regular_file()) continue;
    ++schemas;
    const std::string name = entry.path().stem().stem();
    EXPECT_TRUE(std::filesystem::exists(kFolder / "examples" / (name + ".json"))) << name;
  }
  EXPECT_EQ(schemas, kMessages.size());
}

TEST(Golden, examples_conform_to_their_schema) {
  for (const auto& name : kMessages)
    EXPECT_TRUE(conforms(name, Json::parse(example(name)))) << name;
}

TEST(Golden, decoding_and_encoding_an_example_keeps_every_field) {
  for (const auto& name : kMessages) {
    const auto again = round_trip(name, example(name));
    ASSERT_TRUE(again) << name << ": " << again.error().message;
    EXPECT_EQ(Json::parse(*again), Json::parse(example(name))) << name;
  }
}

TEST(Golden, encoded_messages_conform_to_their_schema) {
  for (const auto& name : kMessages) {
    const auto again = round_trip(name, example(name));
    ASSERT_TRUE(again) << name;
    EXPECT_TRUE(conforms(name, Json::parse(*again))) << name;
  }
}

// What the schema refuses the codec refuses too, and the other way round.
TEST(Golden, codec_and_schema_agree_on_broken_messages) {
  struct Case {
    std::string name;
    std::string pointer;
    Json value;
  };
  const std::vector<Case> cases = {
      {"device-update", "/schema", 2},
      {"device-update", "/schema", "1"},
      {"device-update", "/kind", "changed"},
      {"device-update", "/timestamp", 0},
      {"device-update", "/timestamp", std::int64_t{1} << 53},
      {"device-update", "/timestamp", "1795000000000009"},
      {"device-update", "/facets", Json::array()},
      {"device-update", "/facets/identity/device_id", "not-a-uuid"},
      {"device-update", "/facets/identity/provisional", "no"},
      {"device-update", "/facets/identity/model", 7},
      {"device-update", "/facets/identity/model", std::string(257, 'x')},
      {"device-update", "/facets/identity/claims", Json(std::vector<Json>(33, Json::object()))},
      {"device-update", "/facets/network/port", 65536},
      {"device-update", "/facets/presence/timestamp", -1},
      {"agent-presence", "/timestamp", nullptr},
      {"agent-presence", "/status", 1},
      {"agent-roster", "/sessions", "all"},
      {"agent-roster", "/sessions/0", "zz"},
      {"agent-confirm", "/stored", nullptr},
      {"agent-confirm", "/refused/0", "x"},
      {"agent-resync", "/floor", 0},
      {"agent-resync", "/floor", 5.5},
      {"agent-resync", "/presence", nullptr},
      {"agent-resync", "/sent_at", "now"},
      {"bridge-heartbeat", "/sent_at", 0},
      {"command-reply", "/command_id", ""},
      {"command-reply", "/command_id", 7},
      {"command-reply", "/timestamp", 0},
      {"command-reply", "/state", nullptr},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name + " " + c.pointer + " = " + c.value.dump().substr(0, 60));
    Json broken = Json::parse(example(c.name));
    broken[Json::json_pointer(c.pointer)] = c.value;
    EXPECT_FALSE(conforms(c.name, broken));
    EXPECT_FALSE(round_trip(c.name, broken.dump()));
  }
}

// "Unknown fields are ignored", at every level of the message.
TEST(Golden, unknown_fields_are_ignored_everywhere) {
  for (const auto& name : kMessages) {
    const Json original = Json::parse(example(name));
    Json grown = original;
    grown["added_later"] = {{"x", {1, 2.5, nullptr}}};
    if (grown.contains("facets")) {
      for (Json& facet : grown["facets"]) facet["added_later"] = "y";
    }
    const auto again = round_trip(name, grown.dump());
    ASSERT_TRUE(again) << name << ": " << again.error().message;
    EXPECT_EQ(Json::parse(*again), original) << name;
  }
}

}  // namespace
}  // namespace dmp
