#include "registry/adapters/connection_string.h"

#include <gtest/gtest.h>

namespace dmp::registry {
namespace {

TEST(ConnectionString, is_keywords_or_a_uri) {
  for (const char* good : {"host=127.0.0.1 dbname=dmp", "host=a,b port=5432,26257",
                           "postgresql://dmp@127.0.0.1:5432/dmp", "dbname=dmp"}) {
    EXPECT_TRUE(check_connection_string("database", good)) << good;
  }
  for (const char* bad : {"", "hots=127.0.0.1", "host=127.0.0.1 port=abc", "port=0", "port=65536",
                          "postgresql://dmp@[::1/dmp"}) {
    const auto refused = check_connection_string("database", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message.find("setting database: "), 0U) << refused.error().message;
    EXPECT_NE(refused.error().message.find("; give a connection string"), std::string::npos);
  }
}

TEST(ConnectionString, that_is_refused_is_not_repeated_for_it_may_hold_a_password) {
  for (const char* bad : {"host=a password=my SECRET", "postgresql://u:SECRET%zz@a/d",
                          "postgresql://u:SECRET@[::1]x/d", "postgresql://u:SECRET@[::1/d"}) {
    const auto refused = check_connection_string("database", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace dmp::registry
