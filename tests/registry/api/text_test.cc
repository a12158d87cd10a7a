#include "registry/api/text.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

TEST(ToInteger, reads_all_of_a_text_or_nothing) {
  EXPECT_EQ(to_integer("0"), 0);
  EXPECT_EQ(to_integer("-17"), -17);
  EXPECT_EQ(to_integer("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808", "-"}) {
    EXPECT_EQ(to_integer(text), std::nullopt) << text;
  }
}

TEST(TakeUntil, gives_the_parts_one_by_one) {
  std::string_view text = "a,,b";
  EXPECT_EQ(take_until(text, ','), "a");
  EXPECT_EQ(take_until(text, ','), "");
  EXPECT_EQ(take_until(text, ','), "b");
  EXPECT_EQ(text, "");
  text = "a,";
  EXPECT_EQ(take_until(text, ','), "a");
  EXPECT_EQ(text, "");
}

TEST(Trim, takes_spaces_and_tabs_away) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
}

}  // namespace
}  // namespace dmp::registry::api
