// PqxxReader: a Database on PostgreSQL or CockroachDB through libpqxx.
//
// The session is read-only but for write(), and has a statement timeout. Statements are planned
// with their values each time (unnamed): a generic plan is up to 50 times slower here. A lost
// connection is discarded and opened again, at once the first time, then with growing delays during
// which reads fail without waiting. One on which a call waited `silence_margin` longer than its
// timeout is lost, too; after that, opening it anew is waited for only shortly. Owned by one
// thread; connects on the first read.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "registry/api/reader.h"

namespace dmp::registry {

struct PqxxReaderOptions {
  std::string database;  // libpq connection string or URI
  std::chrono::milliseconds statement_timeout{2000};
  std::chrono::milliseconds silence_margin{1000};
};

class PqxxReader final : public api::Database {
 public:
  explicit PqxxReader(PqxxReaderOptions options);
  ~PqxxReader() override;

  Result<api::Rows> read(const api::Statement& statement) override;
  Result<api::Rows> write(const api::Statement& statement) override;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace dmp::registry
