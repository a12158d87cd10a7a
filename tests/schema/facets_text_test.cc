#include "schema/facets_text.h"

#include <gtest/gtest.h>

namespace dmp {
namespace {

TEST(FacetsText, finds_the_member_in_any_message) {
  struct Case {
    const char* message;
    const char* expected;
  };
  const Case cases[] = {
      {R"({"facets":{}})", "{}"},
      {R"({})", "{}"},
      {R"({"kind":"ended","facets":null})", "{}"},
      {R"({"a":{"facets":{"no":1}},"facets":{"yes":[]}})", R"({"yes":[]})"},
      {R"({"a":"\"facets\":{}","b":[{"facets":1}],"facets":{"yes":1}})", R"({"yes":1})"},
      {R"({"facets":{"first":1},"n":-1.5e3,"facets":{"last":1}})", R"({"last":1})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message);
    EXPECT_EQ(facets_text(c.message), c.expected);
  }
}

}  // namespace
}  // namespace dmp
