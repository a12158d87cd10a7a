#include "ctl/adapters/pqxx_cloud.h"

#include <cstdlib>
#include <optional>
#include <pqxx/pqxx>

#include "ctl/adapters/facet_cells.h"

namespace dmp::ctl {
namespace {

constexpr const char* kTimeoutMs = "10000";
constexpr int kOwnCells = 4;

// A roster's stamp decides what is shown, as in view session_shown.
std::string statement() {
  return "SELECT t.device_session_id, t.ended_at > 0, t.seen_at >= COALESCE(r.roster_at, 0),"
         " s.device_id IS NOT NULL, " +
         facet_select_list() +
         " FROM device_state t"
         " LEFT JOIN device_session s"
         " ON s.rae = t.rae AND s.device_session_id = t.device_session_id"
         " LEFT JOIN (SELECT rae, roster_at FROM rae) r ON r.rae = t.rae"
         " WHERE t.rae = $1 AND (t.device_session_id = ANY (CAST($2 AS UUID[]))"
         " OR (t.ended_at = 0 AND t.seen_at >= COALESCE(r.roster_at, 0)"
         " AND s.device_id IS NOT NULL))";
}

std::string array_of(const std::vector<SessionId>& sessions) {
  std::string text;
  for (const SessionId& session : sessions) text += (text.empty() ? "{" : ",") + session.str();
  return text.empty() ? "{}" : text + "}";
}

CloudSession::Showing showing_of(const pqxx::row& row) {
  using Showing = CloudSession::Showing;
  if (row[1].as<bool>()) return Showing::kEnded;
  if (!row[2].as<bool>()) return Showing::kNotInRoster;
  return row[3].as<bool>() ? Showing::kShown : Showing::kNotNamed;
}

Result<CloudRecord> record_of(const pqxx::result& rows) {
  CloudRecord record;
  for (const auto& row : rows) {
    const auto id = SessionId::parse(row[0].c_str());
    if (!id) return tl::unexpected(id.error());
    pqxx::row::size_type column = kOwnCells;
    auto facets = facets_of_cells([&] {
      const pqxx::field cell = row[column++];
      return std::string_view(cell.c_str(), cell.size());
    });
    if (!facets) return tl::unexpected(facets.error().within("session " + id->str()));
    record[*id] = {std::move(*facets), showing_of(row)};
  }
  return record;
}

// What a server that is starting, stopping, busy or away says; everything else stays as it is.
bool may_pass(const std::exception& error) {
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) return true;
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  if (sql == nullptr) return false;
  const std::string state = sql->sqlstate().substr(0, 2);
  return state.empty() || state == "57" || state == "53" || state == "40" || state == "08";
}

}  // namespace

struct PqxxCloud::Session {
  explicit Session(std::string given) : database(std::move(given)) {}

  const std::string database;
  std::optional<pqxx::connection> connection;

  // Throws what libpqxx throws.
  pqxx::result select(const RaeSerial& rae, const std::vector<SessionId>& sessions) {
    if (!connection) {
      connection.emplace(database);
      connection->set_variable("statement_timeout", kTimeoutMs);
      connection->set_variable("default_transaction_read_only", "on");
    }
    pqxx::nontransaction transaction(*connection);
    return transaction.exec_params(statement(), rae.str(), array_of(sessions));
  }
};

PqxxCloud::PqxxCloud(std::string database)
    : session_(std::make_unique<Session>(std::move(database))) {
  // Defaults of libpq; the connection string wins.
  setenv("PGCONNECT_TIMEOUT", "5", 0);
  setenv("PGAPPNAME", "dmpctl", 0);
}

PqxxCloud::~PqxxCloud() = default;

Result<CloudRecord> PqxxCloud::read(const RaeSerial& rae, const std::vector<SessionId>& sessions) {
  try {
    return record_of(session_->select(rae, sessions));
  } catch (const std::exception& error) {  // libpqxx's own and the standard ones it lets through
    session_->connection.reset();
    const std::string what(error.what());
    return fail("cloud_unreadable", "database: " + what.substr(0, what.find('\n')),
                may_pass(error) ? Retry::kYes : Retry::kNo);
  }
}

}  // namespace dmp::ctl
