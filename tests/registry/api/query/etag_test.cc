#include "registry/api/query/etag.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

TEST(Etag, moves_with_the_revision_and_with_the_body) {
  const std::string tag = etag_of("3", "body");
  EXPECT_EQ(tag.substr(0, 3), "\"3.");
  EXPECT_EQ(tag, etag_of("3", "body"));
  EXPECT_NE(tag, etag_of("4", "body"));
  EXPECT_NE(tag, etag_of("3", "bodz"));
}

TEST(Etag, is_named_by_a_list_a_weak_tag_or_a_star) {
  const std::string tag = etag_of("3", "body");
  EXPECT_TRUE(names(tag, tag));
  EXPECT_TRUE(names("W/" + tag, tag));
  EXPECT_TRUE(names("\"x\" ,\t" + tag, tag));
  EXPECT_TRUE(names("*", tag));
  EXPECT_FALSE(names("", tag));
  EXPECT_FALSE(names(",,", tag));
  EXPECT_FALSE(names("\"3.0000000000000000\"", tag));
}

TEST(Etag, allows_a_write_by_its_revision_alone) {
  EXPECT_TRUE(allows(etag_of("3", "now"), 3));
  EXPECT_TRUE(allows("\"3\"", 3));
  EXPECT_TRUE(allows("\"2.a\", \"3.b\"", 3));
  EXPECT_TRUE(allows("*", 3));
  for (const char* other : {"", "\"4.a\"", "W/\"3.a\"", "3.a", "\"3", "\"\"", "\".3\"", "\"x3\"",
                            "\"99999999999999999999\"", ","}) {
    EXPECT_FALSE(allows(other, 3)) << other;
  }
}

}  // namespace
}  // namespace dmp::registry::api
