#include "registry/api/json_writer.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::registry::api {
namespace {

TEST(JsonWriter, puts_commas_where_they_belong) {
  JsonWriter json;
  json.begin_object().key("a").begin_array().integer(1).boolean(true).null();
  json.begin_object().end_object().begin_array().end_array().end_array();
  json.key("b").raw("[2]").key("c").string("x").end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":[1,true,null,{},[]],"b":[2],"c":"x"})");
}

TEST(JsonWriter, any_bytes_make_a_string_that_any_reader_takes) {
  EXPECT_TRUE(rc::check("readable", [](const std::string& text) {
    JsonWriter json;
    json.begin_object().key(text).string(text).end_object();
    const auto read = nlohmann::json::parse(std::move(json).take(), nullptr, false);
    RC_ASSERT(!read.is_discarded());
    if (is_utf8(text)) RC_ASSERT(read.at(text) == text);
  }));
}

TEST(Utf8, is_what_the_standard_allows) {
  const struct {
    const char* text;
    bool good;
  } cases[] = {
      {"", true},
      {"abc", true},
      {"\xc3\xa4", true},
      {"\xe2\x82\xac", true},
      {"\xf0\x9f\x98\x80", true},
      {"\xf4\x8f\xbf\xbf", true},
      {"\x80", false},              // continuation alone
      {"\xc3", false},              // cut
      {"\xc0\xaf", false},          // overlong
      {"\xe0\x80\xaf", false},      // overlong
      {"\xf0\x80\x80\xaf", false},  // overlong
      {"\xed\xa0\x80", false},      // surrogate
      {"\xf4\x90\x80\x80", false},  // above U+10FFFF
      {"\xff", false},
  };
  for (const auto& c : cases) EXPECT_EQ(is_utf8(c.text), c.good) << c.text;
}

TEST(Cut, never_splits_a_character) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "abc");
  EXPECT_EQ(cut("ab\u00e4", 4), "ab\u00e4");
  EXPECT_EQ(cut("ab\u00e4", 3), "ab");
  EXPECT_EQ(cut("\U0001f4fa!", 3), "");
  EXPECT_EQ(cut("abc", 0), "");
}

}  // namespace
}  // namespace dmp::registry::api
