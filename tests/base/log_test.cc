#include "base/log.h"

#include <gtest/gtest.h>

namespace dmp {
namespace {

TEST(Log, writes_plain_values_bare_and_others_quoted) {
  EXPECT_EQ(logfmt("started", {{"port", 8883}, {"secure", true}, {"name", "bridge-1"}}),
            "event=started port=8883 secure=true name=bridge-1");
  EXPECT_EQ(logfmt("x", {{"why", "no route"}}), R"(event=x why="no route")");
  EXPECT_EQ(logfmt("x", {{"empty", ""}}), R"(event=x empty="")");
}

TEST(Log, a_value_cannot_forge_a_second_line_or_field) {
  EXPECT_EQ(logfmt("x", {{"v", "a\nlevel=error"}}), R"(event=x v="a\nlevel=error")");
  EXPECT_EQ(logfmt("x", {{"v", "a\" b=c"}}), R"(event=x v="a\" b=c")");
  EXPECT_EQ(logfmt("x", {{"v", "\x1b[31m"}}), R"(event=x v="\x1b[31m")");
}

TEST(Log, cuts_long_values) {
  EXPECT_LT(logfmt("x", {{"v", std::string(10000, 'a')}}).size(), 600U);
}

}  // namespace
}  // namespace dmp
