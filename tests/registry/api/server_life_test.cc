// The server's life: the database away, tokens replaced, stopping. A program of its own, because
// there is one listener per process.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "registry/adapters/pqxx_migrations.h"
#include "registry/api/api_server.h"
#include "tests/fixtures/postgres.h"
#include "tests/registry/api/http_client.h"

namespace dmp::registry {
namespace {

class OwnServer : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // libpq writes to sockets whose peer may be gone
    const auto migrated = migrate(database().connection_string());
    ASSERT_TRUE(migrated) << migrated.error().message;
    tokens_ = (std::filesystem::temp_directory_path() / ("dmp-own-" + std::to_string(getpid())));
    // SHA-256 of "secret".
    std::ofstream(tokens_)
        << R"({"tokens":[{"sha256":)"
           R"("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",)"
           R"("subject":"x","role":"viewer","raes":["*"]}]})";
    std::filesystem::permissions(
        tokens_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    server_ = std::make_unique<ApiServer>(
        ApiOptions{.database = database().connection_string(), .tokens = tokens_.string()},
        metrics_);
  }
  void TearDown() override { std::filesystem::remove(tokens_); }

  static const test::TestDatabase& database() {
    static const test::TestDatabase database;
    return database;
  }

  [[nodiscard]] int ask() const {
    return HttpClient(server_->port()).get("/v1/devices", "secret").status;
  }

  // Waits for another thread's word, at most 30 s.
  template <class Condition>
  static bool eventually(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::filesystem::path tokens_;
  Metrics metrics_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(OwnServer, says_503_at_once_while_the_database_is_away_and_recovers_by_itself) {
  ASSERT_TRUE(server_->run());
  ASSERT_TRUE(eventually([&] { return server_->ready().good; }));
  EXPECT_EQ(ask(), 200);
  if (!test::TestDatabase::stop_server()) GTEST_SKIP() << "DMP_TEST_DATABASE is not ours to stop";
  const HttpAnswer away = HttpClient(server_->port()).get("/v1/devices", "secret");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.headers.at("retry-after"), "2");
  EXPECT_EQ(nlohmann::json::parse(away.body).at("type"), "/problems/database-away");
  EXPECT_TRUE(eventually([&] { return !server_->ready().good; }));
  test::TestDatabase::start_server();
  EXPECT_TRUE(eventually([&] { return server_->ready().good; }));
  EXPECT_TRUE(eventually([&] { return ask() == 200; }));
}

TEST_F(OwnServer, takes_up_new_tokens_and_keeps_the_old_ones_when_the_file_is_bad) {
  ASSERT_TRUE(server_->run());
  ASSERT_TRUE(eventually([&] { return ask() == 200; }));
  const std::string good = [&] {
    std::ifstream file(tokens_);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  std::ofstream(tokens_) << "{";
  // A later good file shows that the bad one has been looked at.
  std::string other = good;
  other.replace(other.find("2bb80d"), 64, std::string(64, '0'));
  EXPECT_EQ(ask(), 200);
  std::ofstream(tokens_) << other;
  EXPECT_TRUE(eventually([&] { return ask() == 401; }));
  std::ofstream(tokens_) << good;
  EXPECT_TRUE(eventually([&] { return ask() == 200; }));
}

TEST_F(OwnServer, finishes_what_it_took_and_then_closes) {
  ASSERT_TRUE(server_->run());
  const int port = server_->port();
  ASSERT_TRUE(eventually([&] { return ask() == 200; }));
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

TEST_F(OwnServer, does_not_start_without_tokens_or_on_a_taken_port) {
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
