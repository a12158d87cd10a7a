#include "registry/adapters/pqxx_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "schema/upsert.h"

namespace dmp::registry {
namespace {

// A parameter that libpqxx takes over; given a string, it copies it twice.
struct Given {
  std::string* text;
};

}  // namespace
}  // namespace dmp::registry

namespace pqxx {
template <>
struct string_traits<dmp::registry::Given> {
  static constexpr const char* name() noexcept { return "parameter"; }
  static constexpr bool has_null() noexcept { return false; }
  static bool is_null(const dmp::registry::Given&) { return false; }
  static std::string to_string(const dmp::registry::Given& given) { return std::move(*given.text); }
};
}  // namespace pqxx

namespace dmp::registry {
namespace {

constexpr const char* kAgents = "agents";
constexpr const char* kBeats = "beats";
constexpr const char* kFloors = "floors";

std::string updates(FacetSet facets) { return "updates_" + facets.to_string(); }

// libpqxx sends a statement to the server when a connection first uses it.
std::vector<PqxxLink::Prepared> statements() {
  std::vector<PqxxLink::Prepared> all = {
      {kAgents, agent_statement()}, {kBeats, beat_statement()}, {kFloors, floor_statement()}};
  for (const FacetSet facets : update_facet_sets()) {
    all.push_back({updates(facets), update_statement(facets)});
  }
  return all;
}

pqxx::result perform(pqxx::connection_base& connection, const std::string& statement,
                     std::vector<std::string> parameters) {
  std::vector<Given> given;
  for (std::string& parameter : parameters) given.push_back({&parameter});
  pqxx::nontransaction transaction(connection);
  return transaction.exec_prepared(statement, pqxx::prepare::make_dynamic_params(given));
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
    : link_(database, application, statements(),
            schema.empty() ? std::string() : "SET search_path TO " + schema) {}

SqlResult<Written> PqxxStore::write(const Rows& rows) { return write_as(rows, kDecoder); }

SqlResult<Written> PqxxStore::write_as(const Rows& rows, int decoder) {
  Written written;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    if (!rows.updates.sessions.empty()) {
      const FacetSet facets = facets_for(rows.updates);
      const auto row =
          perform(connection, updates(facets), update_parameters(rows.updates, facets, decoder))[0];
      written.sessions = row[0].as<std::int64_t>();
      written.states = row[1].as<std::int64_t>();
      written.events = row[2].as<std::int64_t>();
    }
    if (rows.agents.raes.empty() && rows.agents.bridges.empty()) return;
    link_.answered();
    const auto row = perform(connection, kAgents, agent_parameters(rows.agents, decoder))[0];
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
    perform(connection, kBeats, beat_parameters(beats));
  });
}

SqlResult<std::vector<RaeFloor>> PqxxStore::floors(const std::vector<RaeSerial>& raes) {
  std::vector<RaeFloor> floors;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    for (const auto& row : perform(connection, kFloors, floor_parameters(raes))) {
      const auto rae = RaeSerial::parse(row[0].as<std::string>());
      if (!rae) continue;
      floors.push_back({*rae, {row[1].as<std::int64_t>()}, {row[2].as<std::int64_t>()}});
    }
  });
  if (!done) return tl::unexpected(done.error());
  return floors;
}

}  // namespace dmp::registry
