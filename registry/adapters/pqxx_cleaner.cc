#include "registry/adapters/pqxx_cleaner.h"

#include <pqxx/pqxx>
#include <stdexcept>

#include "schema/array_literal.h"

namespace dmp::registry {
namespace {

constexpr const char* kEventsFirst = "events_first";
constexpr const char* kEventsNext = "events_next";
constexpr const char* kEventsRemove = "events_remove";
constexpr const char* kSessionsNext = "sessions_next";
constexpr const char* kSessionsRemove = "sessions_remove";
constexpr const char* kCanariesRemove = "canaries_remove";
constexpr const char* kAuditRemove = "audit_remove";

std::string limit() { return " LIMIT " + std::to_string(Cleaner::kPage); }

std::string events(const std::string& where) {
  return "SELECT rae, device_session_id, timestamp FROM device_event " + where +
         "ORDER BY rae DESC, device_session_id DESC, timestamp DESC" + limit();
}

std::vector<PqxxLink::Prepared> statements() {
  // Repeated outside the sub-select: there it is checked on the row as it is when it is removed.
  const std::string silent = "last_heard_at < $1 AND presence_at < $1 AND roster_at < $1";
  return {{kEventsFirst, events("")},
          {kEventsNext,
           events("WHERE (rae, device_session_id, timestamp) < ($1::TEXT, $2::UUID, $3::BIGINT) ")},
          {kEventsRemove,
           "WITH e AS (DELETE FROM device_event WHERE (rae, device_session_id, timestamp) IN\n"
           "    (SELECT r, s, t FROM unnest($1::TEXT[], $2::UUID[], $3::BIGINT[]) AS x(r, s, t))\n"
           "  AND received_at < $4::BIGINT RETURNING 1)\n"
           "SELECT count(*) FROM e"},
          {kSessionsNext,
           "SELECT t.rae, t.device_session_id, t.seen_at, COALESCE(r.roster_at, 0)\n"
           "FROM device_state AS t LEFT JOIN rae AS r ON r.rae = t.rae\n"
           "WHERE (t.rae, t.device_session_id) > ($1::TEXT, $2::UUID)\n"
           "ORDER BY t.rae, t.device_session_id" +
               limit()},
          {kSessionsRemove,
           "WITH t AS (DELETE FROM device_state WHERE (rae, device_session_id, seen_at) IN\n"
           "    (SELECT r, s, a FROM unnest($1::TEXT[], $2::UUID[], $3::BIGINT[]) AS x(r, s, a))\n"
           "  RETURNING rae, device_session_id),\n"
           "s AS (DELETE FROM device_session WHERE (rae, device_session_id) IN\n"
           "    (SELECT rae, device_session_id FROM t) RETURNING 1)\n"
           "SELECT count(*) FROM t"},
          {kCanariesRemove,
           "WITH r AS (DELETE FROM rae WHERE rae IN\n"
           "    (SELECT rae FROM rae WHERE rae LIKE 'canary-%' AND " +
               silent + " ORDER BY rae" + limit() + ")\n  AND " + silent +
               " RETURNING 1)\n"
               "SELECT count(*) FROM r"},
          {kAuditRemove,
           "WITH a AS (DELETE FROM audit WHERE audit_id IN\n"
           "    (SELECT audit_id FROM audit WHERE at < to_timestamp($1::FLOAT8 / 1000000)\n"
           "     ORDER BY at" +
               limit() +
               ")\n  RETURNING 1)\n"
               "SELECT count(*) FROM a"}};
}

// Columns: rae, session, a number.
template <class Row>
std::vector<std::string> arrays_of(const std::vector<Row>& rows, Timestamp Row::*number) {
  ArrayLiteral raes;
  ArrayLiteral sessions;
  ArrayLiteral numbers;
  for (const Row& row : rows) {
    raes.add(row.rae.str());
    sessions.add(row.session.str());
    numbers.add((row.*number).us);
  }
  return {raes.take(), sessions.take(), numbers.take()};
}

pqxx::result run(pqxx::connection_base& connection, const char* statement,
                 const std::vector<std::string>& parameters) {
  pqxx::nontransaction transaction(connection);
  return transaction.exec_prepared(statement, pqxx::prepare::make_dynamic_params(parameters));
}

// Keys were checked when they were stored; one put in by hand is an error of its page.
RaeSerial rae_of(const pqxx::field& field) {
  const auto text = field.as<std::string>();
  const auto rae = RaeSerial::parse(text);
  if (!rae) throw std::runtime_error("'" + text + "' is in the database and is no RAE's serial");
  return *rae;
}

SessionId session_of(const pqxx::field& field) {
  return SessionId::parse(field.as<std::string>()).value();
}

}  // namespace

PqxxCleaner::PqxxCleaner(const std::string& database)
    : link_(database, "dmp-registry-janitor", statements()) {}

SqlResult<std::vector<EventKey>> PqxxCleaner::events(const std::optional<EventKey>& before) {
  std::vector<EventKey> keys;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    const auto rows =
        before
            ? run(connection, kEventsNext,
                  {before->rae.str(), before->session.str(), std::to_string(before->timestamp.us)})
            : run(connection, kEventsFirst, {});
    for (const auto& row : rows) {
      keys.push_back({rae_of(row[0]), session_of(row[1]), {row[2].as<std::int64_t>()}});
    }
  });
  if (!done) return tl::unexpected(done.error());
  return keys;
}

SqlResult<std::vector<SessionAge>> PqxxCleaner::sessions(const std::optional<SessionAge>& after) {
  const SessionAge from = after.value_or(SessionAge{});
  std::vector<SessionAge> page;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    for (const auto& row : run(connection, kSessionsNext, {from.rae.str(), from.session.str()})) {
      page.push_back({rae_of(row[0]),
                      session_of(row[1]),
                      {row[2].as<std::int64_t>()},
                      {row[3].as<std::int64_t>()}});
    }
  });
  if (!done) return tl::unexpected(done.error());
  return page;
}

SqlResult<std::int64_t> PqxxCleaner::removed(const char* statement,
                                             const std::vector<std::string>& parameters) {
  std::int64_t count = 0;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    count = run(connection, statement, parameters)[0][0].as<std::int64_t>();
  });
  if (!done) return tl::unexpected(done.error());
  return count;
}

SqlResult<std::int64_t> PqxxCleaner::remove_events(const std::vector<EventKey>& keys,
                                                   WallTime received_before) {
  auto parameters = arrays_of(keys, &EventKey::timestamp);
  parameters.push_back(std::to_string(received_before.us));
  return removed(kEventsRemove, parameters);
}

SqlResult<std::int64_t> PqxxCleaner::remove_sessions(const std::vector<SessionAge>& sessions) {
  return removed(kSessionsRemove, arrays_of(sessions, &SessionAge::seen_at));
}

SqlResult<std::int64_t> PqxxCleaner::remove_canaries(WallTime heard_before) {
  return removed(kCanariesRemove, {std::to_string(heard_before.us)});
}

SqlResult<std::int64_t> PqxxCleaner::remove_audit(WallTime written_before) {
  return removed(kAuditRemove, {std::to_string(written_before.us)});
}

}  // namespace dmp::registry
