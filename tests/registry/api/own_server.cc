#include "tests/registry/api/own_server.h"

#include <csignal>
#include <fstream>

#include <unistd.h>

#include "registry/adapters/pqxx_migrations.h"
#include "tests/fixtures/waiting.h"

namespace dmp::registry {

OwnServer::OwnServer()
    : tokens_(std::filesystem::temp_directory_path() / ("dmp-own-" + std::to_string(getpid()))) {}

void OwnServer::SetUp() {
  std::signal(SIGPIPE, SIG_IGN);  // libpq writes to sockets whose peer may be gone
  const auto migrated = migrate(database().connection_string());
  ASSERT_TRUE(migrated) << migrated.error().message;
  database().execute("TRUNCATE rae, device, device_session, device_state, ingest, bridge");
  write_tokens("*");
}

void OwnServer::TearDown() { std::filesystem::remove(tokens_); }

const test::TestDatabase& OwnServer::database() {
  static const test::TestDatabase database;
  return database;
}

void OwnServer::write_tokens(const std::string& rae, const std::string& sha256) const {
  const std::filesystem::path next = tokens_.string() + ".next";
  std::ofstream(next) << R"({"tokens":[{"sha256":")" << sha256
                      << R"(","subject":"x","role":"viewer","raes":[")" << rae << R"("]}]})";
  std::filesystem::permissions(
      next, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::rename(next, tokens_);
}

void OwnServer::run(ApiOptions options) {
  options.database = database().connection_string();
  options.tokens = tokens_.string();
  server_ = std::make_unique<ApiServer>(std::move(options), metrics_);
  ASSERT_TRUE(server_->run());
  ASSERT_TRUE(test::wait_for([&] { return server_->ready().good; }));
}

}  // namespace dmp::registry
