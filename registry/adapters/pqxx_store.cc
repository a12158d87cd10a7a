#include "registry/adapters/pqxx_store.h"

#include <algorithm>
#include <pqxx/pqxx>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "registry/adapters/pqxx_errors.h"
#include "registry/adapters/pqxx_migrations.h"
#include "schema/upsert.h"

namespace dmp::registry {
namespace {

constexpr const char* kUpdates = "updates";
constexpr const char* kAgents = "agents";
constexpr const char* kBeats = "beats";
constexpr const char* kFloors = "floors";

pqxx::row counts_of(pqxx::connection& connection, const char* statement,
                    const std::vector<std::string>& parameters) {
  pqxx::nontransaction transaction(connection);
  return transaction.exec_prepared1(statement, pqxx::prepare::make_dynamic_params(parameters));
}

std::vector<RaeSerial> serials_of(std::string_view list) {
  std::vector<RaeSerial> serials;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (auto serial = RaeSerial::parse(list.substr(at, comma - at))) serials.push_back(*serial);
    at = comma + 1;
  }
  return serials;
}

}  // namespace

struct PqxxStore::Connection {
  explicit Connection(const std::string& database) : pqxx(database) {}
  pqxx::connection pqxx;
};

PqxxStore::PqxxStore(const std::string& database, std::string application)
    : database_(bounded_connection_string(database, application)),
      update_statement_(update_statement()),
      agent_statement_(agent_statement()),
      beat_statement_(beat_statement()),
      floor_statement_(floor_statement()) {}

PqxxStore::~PqxxStore() { disconnect(); }

SqlResult<void> PqxxStore::connect() {
  {
    std::lock_guard lock(mutex_);
    if (interrupted_) return tl::unexpected(SqlError{SqlFault::kTransient, {}, "stopping"});
  }
  if (connection_) return {};
  try {
    connection_ = std::make_unique<Connection>(database_);
    connection_->pqxx.prepare(kUpdates, update_statement_);
    connection_->pqxx.prepare(kAgents, agent_statement_);
    connection_->pqxx.prepare(kBeats, beat_statement_);
    connection_->pqxx.prepare(kFloors, floor_statement_);
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

void PqxxStore::disconnect() {
  {
    std::lock_guard lock(mutex_);
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  connection_.reset();
}

template <class Do>
SqlResult<void> PqxxStore::guarded(Do&& perform) {
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

SqlResult<Written> PqxxStore::write(const Rows& rows) { return write_as(rows, kDecoder); }

SqlResult<Written> PqxxStore::write_as(const Rows& rows, int decoder) {
  Written written;
  const auto done = guarded([&](pqxx::connection& connection) {
    if (!rows.updates.sessions.empty()) {
      const auto row = counts_of(connection, kUpdates, update_parameters(rows.updates, decoder));
      written.sessions = row[0].as<std::int64_t>();
      written.states = row[1].as<std::int64_t>();
      written.events = row[2].as<std::int64_t>();
    }
    if (rows.agents.raes.empty() && rows.agents.bridges.empty()) return;
    const auto row = counts_of(connection, kAgents, agent_parameters(rows.agents, decoder));
    written.raes = row[0].as<std::int64_t>();
    written.states += row[1].as<std::int64_t>();
    written.bridges = row[2].as<std::int64_t>();
    written.behind = serials_of(row[3].as<std::string>());
  });
  if (!done) return tl::unexpected(done.error());
  return written;
}

SqlResult<void> PqxxStore::beat(const std::vector<Beat>& beats) {
  return guarded([&](pqxx::connection& connection) {
    pqxx::nontransaction transaction(connection);
    transaction.exec_prepared0(kBeats, pqxx::prepare::make_dynamic_params(beat_parameters(beats)));
  });
}

SqlResult<std::vector<RaeFloor>> PqxxStore::floors(const std::vector<RaeSerial>& raes) {
  std::vector<RaeFloor> floors;
  const auto done = guarded([&](pqxx::connection& connection) {
    pqxx::nontransaction transaction(connection);
    for (const auto& row : transaction.exec_prepared(
             kFloors, pqxx::prepare::make_dynamic_params(floor_parameters(raes)))) {
      const auto rae = RaeSerial::parse(row[0].as<std::string>());
      if (!rae) continue;
      floors.push_back({*rae, {row[1].as<std::int64_t>()}, {row[2].as<std::int64_t>()}});
    }
  });
  if (!done) return tl::unexpected(done.error());
  return floors;
}

void PqxxStore::interrupt() {
  std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

}  // namespace dmp::registry
