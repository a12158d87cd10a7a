#include "registry/adapters/pqxx_migrations.h"

#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <thread>

#include "base/backoff.h"
#include "embedded/cloud_migrations.h"
#include "registry/adapters/pqxx_connection.h"
#include "registry/adapters/pqxx_errors.h"

namespace dmp::registry {
namespace {

constexpr int kAttemptsMax = 10;
constexpr BackoffLimits kRetry{std::chrono::milliseconds(50), std::chrono::milliseconds(2000), 50};

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";

// Two migrations at once collide in the catalogue, in spite of IF NOT EXISTS.
bool is_duplicate(std::string_view sqlstate) {
  return sqlstate == "42P07" || sqlstate == "42710" || sqlstate == "42701";
}

std::set<std::string> applied(pqxx::connection_base& connection) {
  pqxx::nontransaction statement(connection);
  std::set<std::string> names;
  for (const auto& row : statement.exec("SELECT name FROM schema_migration")) {
    names.insert(row[0].as<std::string>());
  }
  return names;
}

// Both statements commit on their own: a crash in between runs the first one again.
std::vector<std::string> apply_missing(PqxxConnection& connection, SilenceWatch::Line& line,
                                       const std::string& schema) {
  Waiting waiting(line);
  if (!schema.empty()) pqxx::nontransaction(connection).exec("SET search_path TO " + schema);
  connection.limit_by_statement_timeout(kSilenceMargin);
  pqxx::nontransaction(connection).exec(kTable);
  const std::set<std::string> before = applied(connection);
  std::vector<std::string> names;
  for (const auto& file : embedded::cloud_migrations) {
    if (before.contains(std::string(file.name))) continue;
    pqxx::nontransaction statement(connection);
    waiting.answered();
    statement.exec(std::string(file.text));
    waiting.answered();
    statement.exec_params("INSERT INTO schema_migration (name) VALUES ($1) ON CONFLICT DO NOTHING",
                          std::string(file.name));
    names.emplace_back(file.name);
  }
  return names;
}

SqlResult<std::vector<std::string>> try_migrate(const std::string& database,
                                                const std::string& schema) {
  const auto watch = SilenceWatch::running();
  SilenceWatch::Line line(*watch);
  line.set_limit(kStatementTimeout + kSilenceMargin);
  std::optional<PqxxConnection> connection;
  try {
    connection.emplace(bounded_connection_string(database, "dmp-registry-migrate"), line);
    return apply_missing(*connection, line, schema);
  } catch (const std::exception& error) {
    return tl::unexpected(connection ? connection->error_of(error) : sql_error_of(error));
  }
}

}  // namespace

SqlResult<std::vector<std::string>> migrate(const std::string& database,
                                            const std::string& schema) {
  Backoff backoff(kRetry, std::hash<std::thread::id>()(std::this_thread::get_id()));
  for (int attempt = 1;; ++attempt) {
    auto names = try_migrate(database, schema);
    if (names) return names;
    const SqlError& error = names.error();
    const bool collided = error.fault != SqlFault::kConfiguration || is_duplicate(error.sqlstate);
    if (!collided || attempt == kAttemptsMax) return names;
    std::this_thread::sleep_for(backoff.next());
  }
}

std::string missing_migration(pqxx::connection_base& connection) {
  try {
    const std::set<std::string> names = applied(connection);
    for (const auto& file : embedded::cloud_migrations) {
      if (!names.contains(std::string(file.name))) return std::string(file.name);
    }
    return {};
  } catch (const pqxx::undefined_table&) {
    return std::string(embedded::cloud_migrations[0].name);
  }
}

}  // namespace dmp::registry
