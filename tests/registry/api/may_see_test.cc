#include <gtest/gtest.h>

#include "registry/api/scope.h"

namespace dmp::registry::api {
namespace {

TEST(Scope, matches_patterns_as_sql_does) {
  const struct {
    const char* text;
    const char* pattern;
    bool matches;
  } cases[] = {{"lab-a-1", "%", true},
               {"", "%", true},
               {"", "", true},
               {"a", "", false},
               {"", "_", false},
               {"lab-a-1", "lab-a-%", true},
               {"lab-a-", "lab-a-%", true},
               {"lab-b-1", "lab-a-%", false},
               {"lab_b", R"(lab\_b)", true},
               {"labxb", R"(lab\_b)", false},
               {"a%b", R"(a\%b)", true},
               {"aab", "%ab", true},
               {"abcabd", "%ab_", true},
               {"abcabde", "%ab_", false},
               {"a\\b", R"(a\\b)", true},
               {"aXbYc", "a%b%c", true},
               {"aXbYd", "a%b%c", false},
               {"ab", "a_b", false}};
  for (const auto& c : cases) {
    EXPECT_EQ(like(c.text, c.pattern), c.matches) << c.text << " LIKE " << c.pattern;
  }
}

TEST(Scope, shows_the_canary_only_to_whom_asks_for_it) {
  EXPECT_FALSE(may_see({{"%"}, false}, "canary-1"));
  EXPECT_TRUE(may_see({{"%"}, true}, "canary-1"));
  EXPECT_FALSE(may_see({{}, true}, "lab-1"));
}

}  // namespace
}  // namespace dmp::registry::api
