#include "registry/adapters/pqxx_link.h"

#include <pqxx/pqxx>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "registry/adapters/pqxx_errors.h"
#include "registry/adapters/pqxx_migrations.h"

namespace dmp::registry {

struct PqxxLink::Connection {
  explicit Connection(const std::string& database) : pqxx(database) {}
  pqxx::connection pqxx;
};

PqxxLink::PqxxLink(const std::string& database, const std::string& application,
                   std::vector<Prepared> statements, std::string session)
    : database_(bounded_connection_string(database, application)),
      statements_(std::move(statements)),
      session_(std::move(session)) {}

PqxxLink::~PqxxLink() { disconnect(); }

SqlResult<void> PqxxLink::connect() {
  {
    std::lock_guard lock(mutex_);
    if (interrupted_) return tl::unexpected(SqlError{SqlFault::kTransient, {}, "stopping"});
  }
  if (connection_) return {};
  try {
    connection_ = std::make_unique<Connection>(database_);
    if (!session_.empty()) pqxx::nontransaction(connection_->pqxx).exec(session_);
    for (const Prepared& statement : statements_) {
      connection_->pqxx.prepare(statement.name, statement.text);
    }
  } catch (const std::exception& error) {
    connection_.reset();
    return tl::unexpected(sql_error_of(error));
  }
  {
    std::lock_guard lock(mutex_);
    socket_ = dup(connection_->pqxx.sock());
  }
  const auto missing = missing_migration(connection_->pqxx);
  if (missing && missing->empty()) return {};
  disconnect();
  if (!missing) return tl::unexpected(missing.error());
  return tl::unexpected(
      SqlError{SqlFault::kConfiguration,
               {},
               "the database lacks migration " + *missing + "; run `dmp-registry migrate` on it"});
}

void PqxxLink::disconnect() {
  {
    std::lock_guard lock(mutex_);
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  connection_.reset();
}

SqlResult<void> PqxxLink::with(const std::function<void(pqxx::connection_base&)>& perform) {
  if (auto connected = connect(); !connected) return connected;
  try {
    perform(connection_->pqxx);
    return {};
  } catch (const std::exception& error) {
    SqlError converted = sql_error_of(error);
    // After a data error the connection is as good as before.
    if (converted.fault != SqlFault::kData) disconnect();
    return tl::unexpected(std::move(converted));
  }
}

void PqxxLink::interrupt() {
  std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

}  // namespace dmp::registry
