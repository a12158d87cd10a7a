#include "registry/api/statements.h"

#include "registry/api/item.h"
#include "schema/array_literal.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

std::string uuid(Statement& statement, std::string value) {
  return "CAST(" + statement.bind(std::move(value)) + " AS UUID)";
}
std::string bigint(Statement& statement, std::int64_t value) {
  return "CAST(" + statement.bind(std::to_string(value)) + " AS BIGINT)";
}
std::string array(Statement& statement, std::string literal, std::string_view type) {
  return "CAST(" + statement.bind(std::move(literal)) + " AS " + std::string(type) + "[])";
}

// The predicate that keeps `column` within the caller's RAEs.
std::string within(Statement& statement, const Scope& scope, const std::string& column) {
  std::string predicate =
      column + " LIKE ANY (" + array(statement, array_literal(scope.rae_patterns), "TEXT") + ")";
  if (!scope.canary) predicate += " AND " + column + " NOT LIKE 'canary-%'";
  return predicate;
}

constexpr std::string_view kSameSession =
    "t.rae = s.rae AND t.device_session_id = s.device_session_id AND t.ended_at = 0";

// Restricts sessions to those whose stored state allows the shown state asked for. Any presence can
// be shown as unknown and any device can be blocked, so those two imply nothing.
std::string state_join(const DevicesQuery& query, Statement& statement) {
  const bool wants_schedulable = query.schedulable.value_or(false);
  const auto presence = query.presence.value_or(PresenceStatus::kUnknown);
  if (presence == PresenceStatus::kUnknown && !wants_schedulable) return "";
  const bool rare = presence != PresenceStatus::kUnknown && presence != PresenceStatus::kOnline;
  if (rare) {  // from the partial index over what is not online
    return " JOIN device_state t ON " + std::string(kSameSession) +
           " AND t.presence_status = " + statement.bind(std::string(enum_name(presence)));
  }
  // Most devices are online. A join by two columns that belong together is estimated far too small,
  // and then hashed whole; LIMIT makes it a look-up for each key, in key order.
  std::string join = " CROSS JOIN LATERAL (SELECT 1 FROM device_state t WHERE " +
                     std::string(kSameSession) + " AND t.presence_status = 'online'";
  if (wants_schedulable) {
    join += " AND t.usage_state <> 'in_test' AND t.health_status NOT IN ('bad', 'looping')";
  }
  return join + " LIMIT 1) t";
}

constexpr std::string_view kCurrentFirst =
    "presence_rank, first_received_at DESC, rae, device_session_id";

}  // namespace

std::string array_literal(const std::vector<std::string>& elements) {
  ArrayLiteral literal;
  for (const std::string& element : elements) literal.add(element);
  return literal.take();
}

Statement device_keys(const DevicesQuery& query, const Scope& scope, const DeviceId& after,
                      int count) {
  Statement statement;
  statement.text = "SELECT s.device_id FROM device_session s" + state_join(query, statement);
  statement.text += " WHERE s.device_id > " + uuid(statement, after.str());
  statement.text += " AND " + within(statement, scope, "s.rae");
  if (query.rae) statement.text += " AND s.rae = " + statement.bind(query.rae->str());
  if (query.model) statement.text += " AND s.model = " + statement.bind(*query.model);
  if (query.schedulable && *query.schedulable) {
    statement.text += " AND s.onboarding_state = 'active'";
  }
  statement.text += " ORDER BY s.device_id LIMIT " + std::to_string(count);
  return statement;
}

Statement current_items(const DevicesQuery& query, const Scope& scope, const std::string& keys) {
  Statement statement{.text = {}, .by_key = true};
  statement.text =
      "SELECT " + item_columns() +
      " FROM (SELECT DISTINCT ON (device_id) * FROM session_view WHERE device_id = ANY (" +
      array(statement, keys, "UUID") + ") AND " + within(statement, scope, "rae") +
      " ORDER BY device_id, " + std::string(kCurrentFirst) + ") c WHERE true";
  if (query.presence) {
    statement.text +=
        " AND shown_status = " + statement.bind(std::string(enum_name(*query.presence)));
  }
  if (query.model) statement.text += " AND model = " + statement.bind(*query.model);
  if (query.rae) statement.text += " AND rae = " + statement.bind(query.rae->str());
  if (query.schedulable) {
    statement.text += *query.schedulable ? " AND array_length(blockers, 1) IS NULL"
                                         : " AND array_length(blockers, 1) > 0";
  }
  statement.text += " ORDER BY device_id";
  return statement;
}

Statement device_sessions(const DeviceId& device_id, const Scope& scope) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT " + session_columns() + ", " + item_columns() +
                   " FROM session_view WHERE device_id = " + uuid(statement, device_id.str()) +
                   " AND " + within(statement, scope, "rae") + " ORDER BY " +
                   std::string(kCurrentFirst) + " LIMIT " + std::to_string(kSessionsPerDeviceMax);
  return statement;
}

Statement device_events(const EventsQuery& query, const Scope& scope) {
  Statement statement;
  const std::string limit = std::to_string(query.page.limit + 1);
  std::string after;
  if (const auto position = EventPosition::parse(query.page.after)) {
    after = " WHERE (place, rae, device_session_id, timestamp) < (" +
            bigint(statement, position->place_us) + ", " + statement.bind(position->rae.str()) +
            ", " + uuid(statement, position->session.str()) + ", " +
            bigint(statement, position->timestamp_us) + ")";
  }
  statement.text =
      "SELECT p.place, p.rae, p.device_session_id, p.timestamp, e.kind, e.reason, e.received_at,"
      " e.facets FROM (SELECT place, rae, device_session_id, timestamp FROM"
      " (SELECT v.rae, v.device_session_id, v.timestamp, min(v.received_at) OVER"
      " (PARTITION BY v.rae, v.device_session_id ORDER BY v.timestamp DESC) AS place"
      " FROM device_session s JOIN device_event v"
      " ON v.rae = s.rae AND v.device_session_id = s.device_session_id"
      " WHERE s.device_id = " +
      uuid(statement, query.device_id.str()) + " AND " + within(statement, scope, "s.rae") +
      ") placed" + after +
      " ORDER BY place DESC, rae DESC, device_session_id DESC, timestamp DESC LIMIT " + limit +
      ") p JOIN device_event e ON e.rae = p.rae AND e.device_session_id = p.device_session_id"
      " AND e.timestamp = p.timestamp"
      " ORDER BY p.place DESC, p.rae DESC, p.device_session_id DESC, p.timestamp DESC";
  return statement;
}

Statement device_known(const DeviceId& device_id, const Scope& scope) {
  Statement statement;
  statement.text =
      "SELECT 1 FROM device_session WHERE device_id = " + uuid(statement, device_id.str()) +
      " AND " + within(statement, scope, "rae") + " LIMIT 1";
  return statement;
}

Statement facets_before(const std::vector<EventKey>& keys, const Scope& scope) {
  std::vector<std::string> raes;
  std::vector<std::string> sessions;
  std::vector<std::string> timestamps;
  for (const EventKey& key : keys) {
    raes.push_back(key.rae);
    sessions.push_back(key.session);
    timestamps.push_back(key.timestamp);
  }
  std::vector<std::string> names;
  const Facets none;
  each_facet(none, [&](FacetNames facet, const auto&) { names.emplace_back(facet.name); });

  // `"name":` cannot stand inside a JSON string, where its quotes would be escaped.
  Statement statement;
  statement.text =
      "SELECT k.rae, k.device_session_id, f.facet, e.facets FROM unnest(" +
      array(statement, array_literal(raes), "TEXT") + ", " +
      array(statement, array_literal(sessions), "UUID") + ", " +
      array(statement, array_literal(timestamps), "BIGINT") +
      ") AS k(rae, device_session_id, timestamp) CROSS JOIN unnest(" +
      array(statement, array_literal(names), "TEXT") +
      ") AS f(facet) CROSS JOIN LATERAL (SELECT v.facets FROM device_event v WHERE v.rae = k.rae"
      " AND v.device_session_id = k.device_session_id AND v.timestamp < k.timestamp"
      " AND v.facets LIKE '%\"' || f.facet || '\":%' ORDER BY v.timestamp DESC LIMIT 1) e WHERE " +
      within(statement, scope, "k.rae");
  return statement;
}

Statement rae_page(const RaesQuery& query, const Scope& scope) {
  Statement statement;
  const auto count = [](std::string_view status) {
    return "COALESCE(sum(CASE WHEN s.shown_status = '" + std::string(status) +
           "' THEN 1 ELSE 0 END), 0)";
  };
  statement.text =
      "SELECT p.rae, p.shown_status, p.doubt, p.agent_version, p.last_heard_at, p.bridge,"
      " n.sessions, n.online, n.standby, n.offline, n.unknown"
      " FROM (SELECT * FROM rae_view WHERE rae > " +
      statement.bind(query.page.after) + " AND " + within(statement, scope, "rae") +
      " ORDER BY rae LIMIT " + std::to_string(query.page.limit + 1) +
      ") p CROSS JOIN LATERAL (SELECT count(*) AS sessions, " + count("online") + " AS online, " +
      count("standby") + " AS standby, " + count("offline") + " AS offline, " + count("unknown") +
      " AS unknown"
      " FROM session_shown s WHERE s.rae = p.rae) n ORDER BY p.rae";
  return statement;
}

}  // namespace dmp::registry::api
