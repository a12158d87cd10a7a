// SqliteStore: the agent's memory in one SQLite file (WAL, synchronous=FULL).
//
// Guarantees what Store promises, on a file system that honours fsync. A database made under
// another serial keeps only its clock: its sessions belong to the other RAE and end here.
// Owned by the agent's loop.
#pragma once

#include <string>

#include "local-registry/adapters/sqlite_database.h"
#include "local-registry/ports.h"

namespace dmp::local {

class SqliteStore final : public Store {
 public:
  // Checks the file, brings its tables up to date and takes it over for `serial`.
  static Result<SqliteStore> open(const std::string& path, const RaeSerial& serial);

  Result<Stored> load() override;
  Status commit(const Transaction& transaction) override;

 private:
  explicit SqliteStore(SqliteDatabase database) : database_(std::move(database)) {}

  Status prepare();
  Status take_over(const RaeSerial& serial);
  Status run(std::string_view sql);
  Status write(const Transaction& transaction);
  Status put_meta(const std::string& name, const std::string& value);
  Result<std::string> meta(const std::string& name);
  Result<std::vector<SessionRecord>> load_sessions();
  Result<std::vector<OutboxRow>> load_outbox();

  SqliteDatabase database_;
};

}  // namespace dmp::local
