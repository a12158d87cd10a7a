// Two writers, one meaning.
#include "schema/fast_encode.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "schema/codec.h"

namespace dmp {
namespace {

using Json = nlohmann::json;

// A text that is no UTF-8 makes encode take the other writer; as it replaces that.
constexpr const char* kNoUtf8 = "\xff";
constexpr const char* kReplaced = "\ufffd";

Json by_the_other(DeviceUpdate update) {
  update.reason += kNoUtf8;
  Json json = Json::parse(encode(update));
  std::string reason = json["reason"];
  EXPECT_TRUE(reason.ends_with(kReplaced));
  reason.resize(reason.size() - std::string_view(kReplaced).size());
  json["reason"] = reason;
  if (reason.empty()) json.erase("reason");
  return json;
}

// As the other makes lists within a message.
Json list_of(const std::vector<Claim>& claims) {
  DeviceUpdate update;
  update.facets.identity.emplace().fields.claims = claims;
  return by_the_other(update)["facets"]["identity"].value("claims", Json::array());
}

Json by_the_other(Confirm confirm) {
  confirm.stored.push_back(kNoUtf8);
  Json json = Json::parse(encode(confirm));
  EXPECT_EQ(json["stored"].back(), kReplaced);
  json["stored"].erase(json["stored"].size() - 1);
  return json;
}

// Every field of every facet said, `text` in those that hold text.
struct Filled {
  std::string text;

  void fill(std::string& field) const { field = text; }
  void fill(bool& flag) const { flag = true; }
  void fill(std::int32_t& number) const { number = 7; }
  void fill(WallTime& time) const { time = {1'760'000'000'000'001}; }
  void fill(DeviceId& id) const { id = *DeviceId::parse("0c8f1d3a-3b0e-5c55-9d1f-2f1d3c4b5a69"); }
  template <class Enum>
  void fill(Known<Enum>& known) const {
    known = Known<Enum>::parse(text);  // a word of a later version
  }
  template <class Element>
  void fill(std::vector<Element>& list) const {
    fill(list.emplace_back());
    list.emplace_back();
  }
  template <class Element>
  void fill(Element& element) const {
    Element::each(element, [&](std::string_view, auto& field) { fill(field); });
  }

  [[nodiscard]] DeviceUpdate update() const {
    DeviceUpdate update{UpdateKind::kSnapshot, {42}, {}, text};
    each_facet(update.facets, [&](FacetNames, auto& facet) {
      auto& whole = facet.emplace();
      whole.timestamp = {41};
      whole.observed_at = {40};
      whole.source = text;
      std::remove_reference_t<decltype(whole.fields)>::each(
          whole.fields, [&](FieldNames, auto& field) { fill(field); });
    });
    return update;
  }
};

TEST(FastEncode, writes_updates_as_the_other_does) {
  for (const std::string text :
       {"", "Roku", "\"\\/", "\x01\b\f\n\r\t\x1f\x7f", "b\u00e4r \U0001f4fa"}) {
    const DeviceUpdate update = Filled{text}.update();
    const auto written = fast_encode(update);
    ASSERT_TRUE(written);
    EXPECT_EQ(Json::parse(*written), by_the_other(update)) << *written;
    EXPECT_EQ(Json::parse(*fast_encode(update.facets)), by_the_other(update)["facets"]);
  }
  const DeviceUpdate none;
  EXPECT_EQ(Json::parse(*fast_encode(none)), by_the_other(none)) << "no facet at all";
}

TEST(FastEncode, writes_members_in_the_order_of_the_description) {
  const DeviceUpdate update = Filled{"x"}.update();
  EXPECT_EQ(*fast_encode(update), nlohmann::ordered_json::parse(*fast_encode(update)).dump());
  DeviceUpdate other = update;
  other.reason = kNoUtf8;
  auto expected = nlohmann::ordered_json::parse(encode(other));
  expected["reason"] = "x";
  EXPECT_EQ(*fast_encode(update), expected.dump());
}

TEST(FastEncode, leaves_an_update_with_text_that_is_no_utf8_to_the_other) {
  const DeviceUpdate update = Filled{kNoUtf8}.update();
  EXPECT_FALSE(fast_encode(update));
  EXPECT_EQ(Json::parse(encode(update))["facets"]["software"]["os_version"], kReplaced);
}

TEST(FastEncode, writes_what_the_other_writes) {
  const std::vector<std::vector<Claim>> cases = {
      {},
      {{}},
      {{"serial", "X1", "roku-ecp", "high"}, {"mac", "aa:bb", "", ""}},
      {{"quotes", "\"\\/", "controls", std::string("\x01\b\f\n\r\t\x1f\x7f")}},
      {{"b\u00e4r", "\u20ac", "\U0001f4fa", "high"}},
  };
  for (const auto& claims : cases) {
    const auto text = fast_encode(claims);
    ASSERT_TRUE(text);
    EXPECT_EQ(Json::parse(*text), list_of(claims)) << *text;
  }
  EXPECT_EQ(
      fast_encode(std::vector<Interface>{{"eth0", "aa:bb", {"10.0.0.1"}, {"fe80::1", "::1"}}}),
      R"([{"name":"eth0","mac":"aa:bb","ipv4":["10.0.0.1"],"ipv6":["fe80::1","::1"]}])");
  EXPECT_EQ(fast_encode(std::vector<HealthReason>{{"hot", "too hot", {70}}}),
            R"([{"code":"hot","message":"too hot","since_at":70}])");
}

TEST(FastEncode, writes_confirmations_as_the_other_does) {
  for (const Confirm& each : {Confirm{}, Confirm{{1'700'000'000'000'000}, {"1700000000000001"}, {}},
                              Confirm{{1}, {"a", "\"\\/", "b\u00e4r"}, {{"d", "too_large"}}},
                              Confirm{{2}, {}, {{"1", "bad_topic"}, {"\x01\x7f", "no_route"}}}}) {
    const auto text = fast_encode(each);
    ASSERT_TRUE(text);
    EXPECT_EQ(Json::parse(*text), by_the_other(each)) << *text;
  }
}

TEST(FastEncode, writes_any_confirmation_of_printable_text_as_the_other_does) {
  EXPECT_TRUE(rc::check([](std::int64_t sent_at) {
    const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~' + 1));
    const auto stored = *rc::gen::container<std::vector<std::string>>(text);
    const Confirm any{{sent_at}, stored, {{*text, *text}}};
    RC_ASSERT(Json::parse(fast_encode(any).value()) == by_the_other(any));
  }));
}

TEST(FastEncode, writes_any_confirmation_of_any_bytes_as_the_other_does_or_not_at_all) {
  EXPECT_TRUE(rc::check([](std::int64_t sent_at, const std::vector<std::string>& stored,
                           const std::string& correlation, const std::string& code) {
    const Confirm any{{sent_at}, stored, {{correlation, code}}};
    const auto text = fast_encode(any);
    if (text) RC_ASSERT(Json::parse(*text) == by_the_other(any));
    RC_ASSERT(Json::parse(encode(any)) == by_the_other(any));
  }));
}

TEST(FastEncode, leaves_text_that_is_no_utf8_to_the_other) {
  const std::vector<Claim> claims = {{"serial", "a\xff", "", ""}};
  EXPECT_FALSE(fast_encode(claims));
  EXPECT_FALSE(fast_encode(Confirm{{}, {kNoUtf8}, {}}));
  EXPECT_FALSE(fast_encode(Confirm{{}, {}, {{"1", kNoUtf8}}}));
  EXPECT_EQ(Json::parse(encode(claims)), list_of(claims));
}

}  // namespace
}  // namespace dmp
