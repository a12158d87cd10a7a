// Two writers, one meaning.
#include "schema/fast_encode.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp {
namespace {

using Json = nlohmann::json;

// As encode makes lists within a message.
Json list_of(const std::vector<Claim>& claims) {
  Facets facets;
  facets.identity.emplace().fields.claims = claims;
  return Json::parse(encode(facets))["identity"].value("claims", Json::array());
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

TEST(FastEncode, leaves_text_that_is_no_utf8_to_the_other) {
  const std::vector<Claim> claims = {{"serial", "a\xff", "", ""}};
  EXPECT_FALSE(fast_encode(claims));
  EXPECT_EQ(Json::parse(encode(claims)), list_of(claims));
}

}  // namespace
}  // namespace dmp
