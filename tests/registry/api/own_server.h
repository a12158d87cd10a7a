// OwnServer: a test with an API server, a database and a file of tokens of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "registry/api/api_server.h"
#include "tests/fixtures/postgres.h"

namespace dmp::registry {

class OwnServer : public testing::Test {
 protected:
  // The tables are there and empty; "secret" may see every RAE.
  void SetUp() override;
  void TearDown() override;

  static const test::TestDatabase& database();

  // From now on one token counts: the one with this digest, as a viewer of this RAE. Replaced as a
  // whole, so that nobody reads half of it.
  void write_tokens(const std::string& rae, const std::string& sha256 = kSecret) const;

  // With `options`, on the test's database and tokens; back when it is ready.
  void run(ApiOptions options = {});

  // SHA-256 of "secret".
  static constexpr const char* kSecret =
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

  const std::filesystem::path tokens_;
  Metrics metrics_;
  std::unique_ptr<ApiServer> server_;

  OwnServer();
};

}  // namespace dmp::registry
