#include "local-registry/adapters/sqlite_database.h"

#include <map>

#include <sqlite3.h>

#include "base/check.h"

namespace dmp::local {
namespace {

Error error_of(sqlite3* database, std::string_view doing) {
  const int code = sqlite3_errcode(database);
  const bool may_pass = code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL ||
                        code == SQLITE_IOERR || code == SQLITE_NOMEM;
  return {"store_" + std::to_string(code),
          std::string(doing) + ": " + sqlite3_errmsg(database) + " (" +
              sqlite3_errstr(sqlite3_extended_errcode(database)) + ")",
          may_pass ? Retry::kYes : Retry::kNo};
}

}  // namespace

struct SqliteDatabase::Handles {
  sqlite3* database = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements;

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(database);
  }
};

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  DMP_CHECK(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                              SQLITE_TRANSIENT) == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
  DMP_CHECK(sqlite3_bind_int64(statement_, ++bound_, number) == SQLITE_OK);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  bound_ = 0;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  Error error = error_of(database_, sqlite3_sql(statement_));
  sqlite3_reset(statement_);
  return tl::unexpected(std::move(error));
}

Status SqliteStatement::run() {
  const auto row = step();
  if (!row) return tl::unexpected(row.error());
  DMP_CHECK(!*row);
  return {};
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return text == nullptr ? std::string() : std::string(text, size);
}

std::int64_t SqliteStatement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path) {
  auto handles = std::make_shared<Handles>();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &handles->database, flags, nullptr) != SQLITE_OK) {
    return tl::unexpected(error_of(handles->database, "cannot open " + path));
  }
  sqlite3_extended_result_codes(handles->database, 0);
  sqlite3_busy_timeout(handles->database, 2000);
  return SqliteDatabase(std::move(handles));
}

Status SqliteDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(handles_->database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return {};
  }
  return tl::unexpected(error_of(handles_->database, sql));
}

Result<SqliteStatement> SqliteDatabase::statement(std::string_view sql) {
  const auto known = handles_->statements.find(sql);
  if (known != handles_->statements.end()) {
    return SqliteStatement(handles_->database, known->second);
  }
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v3(handles_->database, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK) {
    return tl::unexpected(error_of(handles_->database, sql));
  }
  handles_->statements.emplace(sql, made);
  return SqliteStatement(handles_->database, made);
}

}  // namespace dmp::local
