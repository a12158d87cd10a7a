// Two parsers, one meaning: what the fast one accepts, the slow one accepts and understands alike.
#include "schema/fast_decode.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "schema/facets_text.h"

namespace dmp {
namespace {

const RaeSerial kRae = *RaeSerial::parse("rae-1");
const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");

// Everything an update can hold.
std::string full_update(const std::string& model) {
  DeviceUpdate update{UpdateKind::kSnapshot, {100}, {}, "because"};
  each_facet(update.facets, [](FacetNames names, auto& facet) {
    facet.emplace();
    facet->timestamp = {90};
    facet->observed_at = {80};
    facet->source = names.name;
  });
  auto& identity = update.facets.identity->fields;
  identity.device_id = *DeviceId::parse("3b241101-e2bb-5255-8caf-4136c566a962");
  identity.provisional = true;
  identity.model = model;
  identity.claims = {{"serial", "X1", "roku-ecp", "high"}, {"mac", "aa:bb", "lease", "low"}};
  auto& network = update.facets.network->fields;
  network.port = 3;
  network.interfaces = {{"eth0", "aa:bb", {"10.0.0.1"}, {"fe80::1", "fe80::2"}}};
  update.facets.presence->fields.status = Known<PresenceStatus>::parse("dreaming");
  update.facets.health->fields.reasons = {{"hot", "too hot", {70}}};
  update.facets.onboarding->fields.next_try_at = {99};
  return encode(update);
}

// Text beyond ASCII, and none: they are parsed in two ways.
const std::vector<std::string> kModels = {"B\u00e4r \"quoted\" \\ \u00fc", "Bear \"quoted\" \\ u"};

// What the fast one says, after checking that the slow one does not say otherwise.
std::optional<ReadUpdate> held_against_slow(const std::string& bytes) {
  auto fast = fast_read_update(bytes, kRae.str(), kSession);
  if (!fast) return fast;
  const auto slow = slow_decode_update(bytes, kRae, kSession);
  EXPECT_TRUE(slow) << slow.error().message << "\n" << bytes;
  if (slow) {
    EXPECT_EQ(fast->update, *slow) << bytes;
    EXPECT_EQ(fast->facets, facets_text(bytes)) << bytes;
  }
  return fast;
}

TEST(FastDecode, takes_everything_a_good_update_can_hold) {
  for (const std::string& model : kModels) EXPECT_TRUE(held_against_slow(full_update(model)));
  EXPECT_TRUE(held_against_slow(R"({"schema":1,"kind":"ended","timestamp":5,"reason":"merged"})"));
}

TEST(FastDecode, takes_the_examples_people_read) {
  const std::filesystem::path folder =
      std::filesystem::path(DMP_SOURCE_DIR) / "schema/json/examples";
  int taken = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("device-update")) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    EXPECT_TRUE(held_against_slow(text.str())) << entry.path();
    ++taken;
  }
  EXPECT_GT(taken, 0);
}

TEST(FastDecode, means_the_same_where_json_leaves_room) {
  const auto with = [](const std::string& facets) {
    return R"({"schema":1,"kind":"change","timestamp":5,"facets":)" + facets + "}";
  };
  const std::vector<std::string> cases = {
      R"({"schema":1,"schema":2,"kind":"change","timestamp":5,"facets":{}})",
      R"({"schema":2,"schema":1,"kind":"change","timestamp":5,"facets":{}})",
      R"({"schema":1,"kind":"change","timestamp":5,"timestamp":null,"facets":{}})",
      R"({"schema":1.0,"kind":"change","timestamp":5,"facets":{}})",
      R"({"schema":1,"kind":"change","timestamp":9007199254740992,"facets":{}})",
      R"({"schema":1,"kind":"change","timestamp":18446744073709551616,"facets":{}})",
      R"({"schema":1,"kind":"change","timestamp":5e0,"facets":{}})",
      with(R"({"network":{"timestamp":4,"port":-0}})"),
      with(R"({"software":{"timestamp":4,"os_version":"\ud800"}})"),
      with(R"({"software":{"timestamp":4,"os_version":"\u0000"}})"),
      with(R"({"software":{"timestamp":4,"os_version":"\udc00"}})"),
      with(R"({},"unknown":"\uDC00")"),
      with(R"({"software":null})"),
      with(R"({"software":{"timestamp":6}})"),
      with(R"({},"unknown":[{"deep":1e999}])"),
      with(R"({},"rae":"rae-2")"),
      with("{}") + " trailing",
      "\xef\xbb\xbf" + with("{}"),
      with("{}") + '\0' + "more",
  };
  for (const std::string& bytes : cases) held_against_slow(bytes);
}

TEST(FastDecode, takes_no_control_byte_in_a_string) {
  for (char control = 0; control < 0x20; ++control) {
    for (const std::size_t place : {0u, 15u, 16u, 31u, 40u}) {
      std::string text(48, 'a');
      text[place] = control;
      EXPECT_FALSE(held_against_slow(
          R"({"schema":1,"kind":"change","timestamp":5,"facets":{},"reason":")" + text + "\"}"))
          << static_cast<int>(control) << " at " << place;
    }
  }
}

TEST(FastDecode, leaves_what_is_too_long_or_too_deep_to_the_other) {
  const auto nested = [](int depth) {
    return R"({"schema":1,"kind":"change","timestamp":5,"facets":{},"unknown":)" +
           std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(held_against_slow(nested(Limits::kDepth - 1)));
  EXPECT_FALSE(held_against_slow(nested(Limits::kDepth)));
  EXPECT_FALSE(held_against_slow(nested(30'000))) << "no stack is deep enough";
  const std::string short_one = nested(0).replace(nested(0).size() - 1, 1, "1}");
  const auto padded = [&](std::size_t bytes) {
    return short_one + std::string(bytes - short_one.size(), ' ');
  };
  EXPECT_TRUE(held_against_slow(padded(Limits::kMessageBytes)));
  EXPECT_FALSE(held_against_slow(padded(Limits::kMessageBytes + 1)));
}

TEST(FastDecode, is_never_wrong_about_what_became_of_a_good_update) {
  const std::vector<std::string> goods = {full_update(kModels[0]), full_update(kModels[1])};
  const std::vector<std::string> pieces = {"null",
                                           "1",
                                           "-0",
                                           "1.5",
                                           "1e3",
                                           "\"\"",
                                           "\"x\"",
                                           "[]",
                                           "{}",
                                           "true",
                                           "\\u00",
                                           ",",
                                           "\"kind\":\"ended\",",
                                           "\"rae\":\"x\"",
                                           "\xff",
                                           "\"\\ud800\"",
                                           "9007199254740992",
                                           std::string(300, 'a')};
  EXPECT_TRUE(rc::check("cut out, put in, overwritten", [&] {
    std::string bytes = *rc::gen::elementOf(goods);
    const int edits = *rc::gen::inRange(1, 4);
    for (int i = 0; i < edits; ++i) {
      const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
      const auto length = *rc::gen::inRange<std::size_t>(0, 12);
      const std::string piece = *rc::gen::oneOf(
          rc::gen::elementOf(pieces),
          rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }));
      bytes.replace(place, length, piece);
    }
    held_against_slow(bytes);
    RC_ASSERT(!testing::Test::HasFailure());
  }));
}

}  // namespace
}  // namespace dmp
