#include "schema/codec.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp {
namespace {

const RaeSerial kRae = *RaeSerial::parse("rae-1");
const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");

Result<DeviceUpdate> decode(const std::string& bytes) {
  return decode_update(bytes, kRae, kSession);
}

DeviceUpdate small_update() {
  DeviceUpdate update;
  update.timestamp = {100};
  auto& presence = update.facets.presence.emplace();
  presence.timestamp = {90};
  presence.fields.status = PresenceStatus::kOnline;
  return update;
}

TEST(Codec, names_the_field_and_the_value_it_refuses) {
  struct Case {
    std::string bytes;
    std::string code;
    std::string mentions;
  };
  const std::vector<Case> cases = {
      {"", "not_json", "JSON"},
      {"[]", "not_json", "object"},
      {"{}", "missing_field", "schema"},
      {R"({"schema":9})", "unknown_schema", "9"},
      {R"({"schema":1,"kind":"change","timestamp":1.0,"facets":{}})", "bad_field", "timestamp"},
      {R"({"schema":1,"kind":"change","timestamp":5})", "missing_field", "facets"},
      {R"({"schema":1,"kind":"change","timestamp":5,"facets":{"software":{}}})", "missing_field",
       "facets.software.timestamp"},
      {R"({"schema":1,"kind":"change","timestamp":5,"facets":{"software":{"timestamp":6}}})",
       "bad_field", "facets.software.timestamp"},
      {R"({"schema":1,"kind":"change","timestamp":5,"facets":{"software":
        {"timestamp":4,"firmware_version":[]}}})",
       "bad_field", "facets.software.firmware_version"},
      {R"({"schema":1,"kind":"change","timestamp":5,"facets":{"software":
        {"timestamp":4,"firmware_version":"a\u0000b"}}})",
       "bad_field", "NUL"},
      {R"({"schema":1,"kind":"ended","timestamp":5,"reason":"bored"})", "bad_field", "bored"},
      {R"({"schema":1,"kind":"change","timestamp":5,"facets":{},"rae":"rae-2"})", "wrong_address",
       "rae-2"},
      {"{\"schema\":1,\"kind\":\"\xff\"}", "not_json", "UTF-8"},
      {std::string(70000, ' '), "too_large", "70000"},
      {"[[[[[[[[[[]]]]]]]]]]", "bad_field", "nested"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes.substr(0, 100));
    const auto decoded = decode(c.bytes);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, c.code);
    EXPECT_NE(decoded.error().message.find(c.mentions), std::string::npos)
        << decoded.error().message;
  }
}

TEST(Codec, a_payload_may_repeat_its_own_address) {
  EXPECT_TRUE(decode(R"({"schema":1,"kind":"change","timestamp":5,"facets":{},"rae":"rae-1",
      "device_session_id":"0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11"})"));
}

TEST(Codec, an_unknown_word_is_kept_as_unknown_with_its_text) {
  const auto update = decode(R"({"schema":1,"kind":"change","timestamp":5,"facets":
      {"presence":{"timestamp":4,"status":"dreaming"}}})");
  ASSERT_TRUE(update);
  EXPECT_EQ(update->facets.presence->fields.status.value, PresenceStatus::kUnknown);
  EXPECT_EQ(update->facets.presence->fields.status.text, "dreaming");
  EXPECT_NE(encode(*update).find("dreaming"), std::string::npos);
}

TEST(Codec, encoding_never_fails_on_bytes_that_are_not_utf8) {
  DeviceUpdate update = small_update();
  update.facets.presence->fields.reason = "caf\xe9";
  EXPECT_TRUE(decode(encode(update)));
}

TEST(Codec, every_truncation_is_an_error_and_never_a_crash) {
  const std::string bytes = encode(small_update());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(bytes.substr(0, size))) << size;
  }
}

TEST(Codec, any_bytes_give_a_message_or_an_error) {
  EXPECT_TRUE(rc::check("random bytes", [](const std::string& bytes) {
    const auto decoded = decode(bytes);
    RC_ASSERT(decoded || !decoded.error().message.empty());
  }));
  EXPECT_TRUE(rc::check("one byte of a good message replaced", [] {
    std::string bytes = encode(small_update());
    const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[place] = *rc::gen::arbitrary<char>();
    const auto decoded = decode(bytes);
    RC_ASSERT(decoded || !decoded.error().code.empty());
  }));
}

TEST(Codec, facets_survive_a_round_trip) {
  EXPECT_TRUE(rc::check("encode then decode", [] {
    DeviceUpdate update = small_update();
    auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
    auto& identity = update.facets.identity.emplace();
    identity.timestamp = {*rc::gen::inRange<std::int64_t>(1, 100)};
    Identity::each(identity.fields, [&](FieldNames, auto& field) {
      if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>) field = *text;
    });
    RC_PRE(encode(update).size() < Limits::kMessageBytes);
    const auto again = decode(encode(update));
    RC_ASSERT(again);
    RC_ASSERT(*again == update);
  }));
}

TEST(Codec, facets_alone_survive_a_round_trip) {
  const DeviceUpdate update = small_update();
  const auto again = decode_facets(encode(update.facets));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, update.facets);
}

}  // namespace
}  // namespace dmp
