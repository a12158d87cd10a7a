#include "registry/adapters/pqxx_link.h"

#include <pqxx/pqxx>
#include <utility>

#include "registry/adapters/pqxx_connection.h"
#include "registry/adapters/pqxx_errors.h"
#include "registry/adapters/pqxx_migrations.h"

namespace dmp::registry {

PqxxLink::PqxxLink(const std::string& database, const std::string& application,
                   std::vector<Prepared> statements, std::string session)
    : database_(bounded_connection_string(database, application)),
      statements_(std::move(statements)),
      session_(std::move(session)),
      watch_(SilenceWatch::running()),
      line_(*watch_) {}

PqxxLink::~PqxxLink() = default;

SqlResult<void> PqxxLink::connect() {
  if (interrupted_) return tl::unexpected(SqlError{SqlFault::kTransient, {}, "stopping"});
  if (connection_) return {};
  try {
    line_.set_limit(kStatementTimeout + kSilenceMargin);
    connection_ = std::make_unique<PqxxConnection>(database_, line_);
  } catch (const std::exception& error) {
    return tl::unexpected(sql_error_of(error));
  }
  // An interruption that came before there was a socket to cut.
  if (interrupted_) line_.cut();
  try {
    const Waiting waiting(line_);
    if (!session_.empty()) pqxx::nontransaction(*connection_).exec(session_);
    connection_->limit_by_statement_timeout(kSilenceMargin);
    for (const Prepared& statement : statements_) {
      connection_->prepare(statement.name, statement.text);
    }
    const std::string missing = missing_migration(*connection_);
    if (missing.empty()) return {};
    connection_.reset();
    return tl::unexpected(
        SqlError{SqlFault::kConfiguration,
                 {},
                 "the database lacks migration " + missing + "; run `dmp-registry migrate` on it"});
  } catch (const std::exception& error) {
    SqlError converted = connection_->error_of(error);
    connection_.reset();
    return tl::unexpected(std::move(converted));
  }
}

SqlResult<void> PqxxLink::with(const std::function<void(pqxx::connection_base&)>& perform) {
  if (auto connected = connect(); !connected) return connected;
  try {
    const Waiting waiting(line_);
    perform(*connection_);
    return {};
  } catch (const std::exception& error) {
    SqlError converted = connection_->error_of(error);
    // After a data error the connection is as good as before.
    if (converted.fault != SqlFault::kData) connection_.reset();
    return tl::unexpected(std::move(converted));
  }
}

void PqxxLink::answered() { line_.answered(); }

void PqxxLink::interrupt() {
  interrupted_ = true;
  line_.cut();
}

}  // namespace dmp::registry
