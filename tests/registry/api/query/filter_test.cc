#include "registry/api/query/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::registry::api {
namespace {

std::string canonical(const std::string& text) {
  const auto filter = parse_filter(text);
  return filter ? filter->str() : "column " + std::to_string(filter.error().column);
}

TEST(Filter, means_the_same_however_it_is_written) {
  const struct {
    const char* text;
    const char* meaning;
  } cases[] = {
      {"presence==online", R"(presence.status == "online")"},
      {R"( model ~ "Roku*" )", R"(identity.model ~ "Roku*")"},
      {"a==b", "column 1"},
      {"model==a && (model==b && rae==c)",
       R"(identity.model == "a" && identity.model == "b" && rae == "c")"},
      {"model==a || rae==b && rae==c", R"(identity.model == "a" || (rae == "b" && rae == "c"))"},
      {"!(model==a || rae!=b)", R"(identity.model != "a" && rae == "b")"},
      {"!!held==true", R"(held == "true")"},
      {"!revision<5", R"(revision >= "5")"},
      {"!model~a*", R"(identity.model !~ "a*")"},
      {"rae in (a,b)", R"(rae == "a" || rae == "b")"},
      {"!(rae in (a,b))", R"(rae != "a" && rae != "b")"},
      {"rae in (a)", R"(rae == "a")"},
      {R"(labels.x/y-z_1.a=="q\"\\")", R"(labels.x/y-z_1.a == "q\"\\")"},
      {"network.port>=007", R"(network.port >= "7")"},
      {"device_id==0B0F3C1E-5A57-5C3F-9D0C-2F1F4C1D2E3F",
       R"(identity.device_id == "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f")"},
      {"name==Übung", R"(identity.name == "Übung")"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(canonical(c.text), c.meaning);
  }
}

TEST(Filter, that_is_wrong_names_its_token_its_column_and_what_may_stand_there) {
  const struct {
    const char* text;
    std::size_t column;
    const char* token;
    const char* instead;
  } cases[] = {
      {"", 1, "", "attribute"},
      {"presence=online", 9, "=online", "operators are =="},
      {"presence==sleepy", 11, "sleepy", "unknown, online, standby or offline"},
      {"presence ~ on*", 10, "~", "== or !=, or in"},
      {"presence", 9, "", "== or !=, or in"},
      {"model==A and rae==B", 10, "and", "&& or ||"},
      {"colour==red", 1, "colour", "attribute"},
      {"labels==x", 1, "labels", "labels.KEY"},
      {"labels.a%b==x", 9, "%b==x", "character"},
      {"schedulable==yes", 14, "yes", "true or false"},
      {"revision<abc", 10, "abc", "whole number"},
      {"(model==A", 10, "", ")"},
      {"model==A)", 9, ")", "end"},
      {"model==\"A", 8, "\"A", "not closed"},
      {"model in A", 10, "A", "in (a, b)"},
      {"model in (A B)", 13, "B", ", or )"},
      {"model==", 8, "", "value"},
      {"&&", 1, "&&", "attribute"},
      {"blockers==broken", 11, "broken", "rae_lost"},
      {"name==Ü && ü==1", 12, "ü", "attribute"},
      {"rae==a/b", 6, "a/b", "1 to 64"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto filter = parse_filter(c.text);
    ASSERT_FALSE(filter);
    EXPECT_EQ(filter.error().column, c.column);
    EXPECT_EQ(filter.error().token, c.token);
    EXPECT_NE(filter.error().detail.find(c.instead), std::string::npos) << filter.error().detail;
  }
}

TEST(Filter, is_bounded_in_bytes_values_and_depth) {
  EXPECT_FALSE(parse_filter(std::string(kFilterBytesMax + 1, ' ')));
  std::string list = "model in (a";
  for (int i = 1; i < kFilterTestsMax; ++i) list += ",a";
  EXPECT_TRUE(parse_filter(list + ")"));
  EXPECT_FALSE(parse_filter(list + ",a)"));
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '(') + "model==a" +
           std::string(static_cast<std::size_t>(depth), ')');
  };
  EXPECT_TRUE(parse_filter(nested(kFilterDepthMax)));
  EXPECT_FALSE(parse_filter(nested(kFilterDepthMax + 1)));
  EXPECT_TRUE(parse_filter(std::string(2000, '!') + "model==a"));
}

TEST(Filter, globs_over_characters_not_bytes) {
  const auto matches = [](const std::string& glob, const std::string& text) {
    return passes(
        api::Test{.attribute = find_attribute("name"), .op = Operator::kLike, .value = glob}, text);
  };
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*c*", "abcbc"));
  EXPECT_TRUE(matches("*bc", "abcbc"));
  EXPECT_TRUE(matches("?bung", "Übung"));
  EXPECT_TRUE(matches("*?g", "Übung"));
  EXPECT_FALSE(matches("??bung", "Übung"));
  EXPECT_FALSE(matches("a*d", "abc"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("ABC", "abc"));
  EXPECT_TRUE(matches("100%_\\", "100%_\\"));
}

rc::Gen<std::string> expression_bytes() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "model", "presence", "labels.a", "==", "!=",   "~",    "<",      "(",
          ")",     "&&",       "||",       "!",  "in",   ",",    "online", "\"",
          "\\",    " ",        "7",        "ü",  "\x80", "held", "true",   "a*"})),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part;
        return text;
      });
}

TEST(Filter, any_text_gives_a_filter_that_survives_its_own_text_or_a_fault_within_it) {
  EXPECT_TRUE(rc::check("total", [] {
    const std::string text = *rc::gen::oneOf(expression_bytes(), rc::gen::arbitrary<std::string>());
    const auto filter = parse_filter(text);
    if (!filter) {
      RC_ASSERT(filter.error().column >= 1u && filter.error().column <= text.size() + 1);
      RC_ASSERT(!filter.error().detail.empty());
      return;
    }
    const auto again = parse_filter(filter->str());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == *filter);
  }));
}

}  // namespace
}  // namespace dmp::registry::api
