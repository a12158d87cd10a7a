// A database that takes too long, through the whole API.
#include <fstream>
#include <regex>
#include <sstream>

#include "registry/adapters/pqxx_reader.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

class SlowDatabase : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    database().execute("ALTER VIEW rae_view RENAME TO rae_view_fast");
    database().execute(
        "CREATE VIEW rae_view AS SELECT v.* FROM rae_view_fast v, (SELECT pg_sleep(60)) nap");
  }
  void TearDown() override {
    database().execute("DROP VIEW rae_view");
    database().execute("ALTER VIEW rae_view_fast RENAME TO rae_view");
  }
};

TEST_F(SlowDatabase, is_a_503_that_tells_nothing_of_the_statement) {
  const HttpAnswer answer = HttpClient(port()).get("/v1/raes", "see-all");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  EXPECT_EQ(nlohmann::json::parse(answer.body).at("type"), "/problems/too-slow");
  for (const char* inner : {"SELECT", "rae_view", "pg_sleep", "cancel", "statement", "SQL"}) {
    EXPECT_EQ(answer.body.find(inner), std::string::npos) << inner;
  }
  // The connection serves on.
  get("/v1/attributes/model");
}

// The edge's own 504 says less than ours.
TEST(Timeouts, of_statements_end_long_before_the_edge_gives_up) {
  std::ifstream file(std::string(DMP_SOURCE_DIR) + "/compose/haproxy.py");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string config = text.str();
  std::smatch found;
  ASSERT_TRUE(std::regex_search(config, found, std::regex(R"(timeout server (\d+)s)")));
  EXPECT_LE(PqxxReaderOptions{}.statement_timeout * 10,
            std::chrono::seconds(std::stoi(found[1].str())));
}

}  // namespace
}  // namespace dmp::registry
