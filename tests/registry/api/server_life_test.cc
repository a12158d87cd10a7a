// The server's life: the database away, tokens replaced, stopping. A program of its own, because
// there is one listener per process.
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "tests/fixtures/waiting.h"
#include "tests/registry/api/http_client.h"
#include "tests/registry/api/own_server.h"

namespace dmp::registry {
namespace {

using test::wait_for;

class Life : public OwnServer {
 protected:
  [[nodiscard]] int ask() const {
    return HttpClient(server_->port()).get("/v1/devices", "secret").status;
  }
};

TEST_F(Life, says_503_at_once_while_the_database_is_away_and_recovers_by_itself) {
  run();
  EXPECT_EQ(ask(), 200);
  if (!test::TestDatabase::stop_server()) GTEST_SKIP() << "DMP_TEST_DATABASE is not ours to stop";
  const HttpAnswer away = HttpClient(server_->port()).get("/v1/devices", "secret");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.headers.at("retry-after"), "2");
  EXPECT_EQ(nlohmann::json::parse(away.body).at("type"), "/problems/database-away");
  EXPECT_TRUE(wait_for([&] { return !server_->ready().good; }));
  test::TestDatabase::start_server();
  EXPECT_TRUE(wait_for([&] { return server_->ready().good; }));
  EXPECT_TRUE(wait_for([&] { return ask() == 200; }));
}

TEST_F(Life, says_503_while_the_database_stands_still_and_can_be_stopped_then) {
  run();
  EXPECT_EQ(ask(), 200);
  const test::TestDatabase::ThawAtEnd thaw_at_end;
  if (!test::TestDatabase::freeze_server()) GTEST_SKIP() << "DMP_TEST_DATABASE is not ours";
  const HttpAnswer away = HttpClient(server_->port()).get("/v1/devices", "secret");
  const bool noticed = wait_for([&] { return !server_->ready().good; });
  const int still = ask();
  test::TestDatabase::thaw_server();
  EXPECT_EQ(away.status, 503) << away.body;
  EXPECT_TRUE(noticed);
  EXPECT_EQ(still, 503);
  EXPECT_TRUE(wait_for([&] { return ask() == 200; }));
  ASSERT_TRUE(test::TestDatabase::freeze_server());
  server_->stop();
}

TEST_F(Life, takes_up_new_tokens_and_keeps_the_old_ones_when_the_file_is_bad) {
  run();
  ASSERT_TRUE(wait_for([&] { return ask() == 200; }));
  std::ofstream(tokens_) << "{";
  EXPECT_EQ(ask(), 200);
  // A later good file shows that the bad one has been looked at.
  write_tokens("*", std::string(64, '0'));
  EXPECT_TRUE(wait_for([&] { return ask() == 401; }));
  write_tokens("*");
  EXPECT_TRUE(wait_for([&] { return ask() == 200; }));
}

TEST_F(Life, finishes_what_it_took_and_then_closes) {
  run();
  const int port = server_->port();
  ASSERT_TRUE(wait_for([&] { return ask() == 200; }));
  std::vector<std::future<HttpAnswer>> callers;
  for (int i = 0; i < 16; ++i) {
    callers.push_back(std::async(std::launch::async, [port] {
      HttpClient client(port);
      return client.get("/v1/devices", "secret");
    }));
  }
  server_->stop();
  for (auto& caller : callers) {
    const HttpAnswer answer = caller.get();
    // 0: so late that the port was closed.
    EXPECT_TRUE(answer.status == 200 || answer.status == 503 || answer.status == 0)
        << answer.status;
    if (answer.status == 200) {
      EXPECT_EQ(answer.body, R"({"items":[],"next":null})");
    }
  }
  EXPECT_FALSE(HttpClient(port).connected());
  EXPECT_FALSE(server_->ready().good);
  server_->stop();
}

TEST_F(Life, does_not_start_without_tokens_or_on_a_taken_port) {
  Metrics metrics;
  ApiServer no_tokens({.database = database().connection_string(), .tokens = "/nonexistent/tokens"},
                      metrics);
  const auto missing = no_tokens.run();
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nonexistent/tokens"), std::string::npos);
  TakenPort taken_port;
  ApiServer taken({.port = taken_port.port(),
                   .database = database().connection_string(),
                   .tokens = tokens_.string()},
                  metrics);
  const auto refused = taken.run();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(std::to_string(taken_port.port())), std::string::npos);
}

}  // namespace
}  // namespace dmp::registry
