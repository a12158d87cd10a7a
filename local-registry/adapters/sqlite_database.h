// SqliteDatabase: one connection and its prepared statements. Owned by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace dmp::local {

class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  // Parameters in order; the text is copied.
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind(std::int64_t number);

  // True: there is a row. False: done, and ready for the next use.
  Result<bool> step();
  // For statements that give no rows.
  Status run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class SqliteDatabase {
 public:
  static Result<SqliteDatabase> open(const std::string& path);

  Status execute(const std::string& sql);
  // Prepared once per text and kept.
  Result<SqliteStatement> statement(std::string_view sql);

 private:
  struct Handles;
  explicit SqliteDatabase(std::shared_ptr<Handles> handles) : handles_(std::move(handles)) {}
  std::shared_ptr<Handles> handles_;
};

}  // namespace dmp::local
