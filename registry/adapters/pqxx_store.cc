#include "registry/adapters/pqxx_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "schema/upsert.h"

namespace dmp::registry {
namespace {

constexpr const char* kUpdates = "updates";
constexpr const char* kAgents = "agents";
constexpr const char* kBeats = "beats";
constexpr const char* kFloors = "floors";

pqxx::row counts_of(pqxx::connection_base& connection, const char* statement,
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

PqxxStore::PqxxStore(const std::string& database, const std::string& application,
                     const std::string& schema)
    : link_(database, application,
            {{kUpdates, update_statement()},
             {kAgents, agent_statement()},
             {kBeats, beat_statement()},
             {kFloors, floor_statement()}},
            schema.empty() ? std::string() : "SET search_path TO " + schema) {}

SqlResult<Written> PqxxStore::write(const Rows& rows) { return write_as(rows, kDecoder); }

SqlResult<Written> PqxxStore::write_as(const Rows& rows, int decoder) {
  Written written;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
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
  return link_.with([&](pqxx::connection_base& connection) {
    pqxx::nontransaction transaction(connection);
    transaction.exec_prepared0(kBeats, pqxx::prepare::make_dynamic_params(beat_parameters(beats)));
  });
}

SqlResult<std::vector<RaeFloor>> PqxxStore::floors(const std::vector<RaeSerial>& raes) {
  std::vector<RaeFloor> floors;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
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

}  // namespace dmp::registry
