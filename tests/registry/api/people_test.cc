#include "registry/api/people.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/adapters/token_json.h"

namespace dmp::registry::api {
namespace {

using Strings = std::vector<std::string>;

const std::string kHash(64, 'a');

std::string entry(const std::string& sha256, const std::string& rest) {
  return R"({"sha256":")" + sha256 + R"(",)" + rest + "}";
}
std::string file(const std::string& entries) { return R"({"tokens":[)" + entries + "]}"; }

const std::string kGood = R"("subject":"lab","role":"operator","raes":["lab-*","x?_1"])";

TEST(TokenSet, knows_each_token_by_its_hash) {
  const auto tokens = parse_tokens(file(entry(kHash, kGood)));
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(tokens->size(), 1u);
  const Principal expected{
      .subject = "lab", .role = Role::kOperator, .rae_patterns = {"lab-%", "x_\\_1"}};
  ASSERT_NE(tokens->find(kHash), nullptr);
  EXPECT_EQ(*tokens->find(kHash), expected);
  EXPECT_EQ(tokens->find(std::string(64, 'b')), nullptr);
  EXPECT_EQ(tokens->find(""), nullptr);
}

TEST(TokenSet, refuses_a_file_it_does_not_fully_understand_naming_the_place) {
  const struct {
    std::string json;
    const char* place;
  } cases[] = {
      {"", "the file"},
      {"[]", "the file"},
      {R"({"tokens":{}})", "the file"},
      {file("7"), "tokens[0]"},
      {file(entry("abc", kGood)), "tokens[0].sha256"},
      {file(entry(std::string(64, 'A'), kGood)), "tokens[0].sha256"},
      {file(entry(kHash, R"("role":"viewer","raes":[])")), "tokens[0].subject"},
      {file(entry(kHash, R"("subject":"x","role":"root","raes":[])")), "tokens[0].role"},
      {file(entry(kHash, R"("subject":"x","role":"viewer")")), "tokens[0].raes"},
      {file(entry(kHash, R"("subject":"x","role":"viewer","raes":"*")")), "tokens[0].raes"},
      {file(entry(kHash, R"("subject":"x","role":"viewer","raes":[""])")), "tokens[0].raes"},
      {file(entry(kHash, R"("subject":"x","role":"viewer","raes":["a%"])")), "tokens[0].raes"},
      {file(entry(kHash, kGood) + "," + entry(kHash, kGood)), "tokens[1].sha256"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    const auto tokens = parse_tokens(c.json);
    ASSERT_FALSE(tokens);
    EXPECT_EQ(tokens.error().code, "bad_tokens");
    EXPECT_EQ(tokens.error().message.find(c.place), 0u) << tokens.error().message;
  }
}

TEST(BearerToken, is_what_follows_the_scheme) {
  const struct {
    const char* header;
    const char* token;  // "" = none
  } cases[] = {
      {"Bearer abc", "abc"}, {"bearer abc", "abc"}, {"BEARER   abc  ", "abc"}, {"", ""},
      {"Bearer", ""},        {"Bearer ", ""},       {"Bearer    ", ""},        {"Basic abc", ""},
      {"Bearerabc", ""},     {"abc", ""},
  };
  for (const auto& c : cases) {
    const auto token = bearer_token(c.header);
    EXPECT_EQ(std::string(token.value_or("")), c.token) << c.header;
  }
  EXPECT_FALSE(bearer_token("Bearer " + std::string(513, 'x')));
}

// What LIKE does, for patterns made by like_pattern.
bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return like(text, pattern.substr(1)) || (!text.empty() && like(text.substr(1), pattern));
  }
  const bool escaped = pattern[0] == '\\';
  if (escaped) pattern.remove_prefix(1);
  if (text.empty()) return false;
  if (!escaped && pattern[0] == '_') return like(text.substr(1), pattern.substr(1));
  return text[0] == pattern[0] && like(text.substr(1), pattern.substr(1));
}

TEST(LikePattern, of_a_glob_without_wildcards_matches_only_itself) {
  EXPECT_TRUE(rc::check("literal", [] {
    const auto letters =
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab_%\\-")));
    const auto glob = *letters;
    const auto text = *letters;
    RC_ASSERT(like(glob, like_pattern(glob)));
    RC_ASSERT(like(text, like_pattern(glob)) == (text == glob));
  }));
}

}  // namespace
}  // namespace dmp::registry::api
