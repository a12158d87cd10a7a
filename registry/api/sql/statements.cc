#include "registry/api/sql/statements.h"

#include "registry/api/item/facets_json.h"
#include "registry/api/item/item.h"
#include "registry/api/sql/filter_sql.h"
#include "registry/api/sql/scope_sql.h"
#include "schema/array_literal.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kSameSession =
    "t.rae = s.rae AND t.device_session_id = s.device_session_id AND t.ended_at = 0";
// As what must not be there they are estimated well: all 100,000 sessions, where a join with those
// that have not ended was estimated at a few (seen with EXPLAIN on PostgreSQL 15).
constexpr std::string_view kNotEnded =
    " AND NOT EXISTS (SELECT 1 FROM device_state t WHERE t.rae = s.rae AND t.device_session_id ="
    " s.device_session_id AND t.ended_at <> 0)";

std::string all_of(const std::vector<std::string>& conditions) {
  std::string text;
  for (const std::string& condition : conditions) text += " AND " + condition;
  return text;
}

// A look-up for each key, in key order. As a plain join by two columns that belong together it
// would be estimated far too small, and then both tables hashed whole (seen with EXPLAIN on
// PostgreSQL 15 at 100,000 sessions).
std::string state_of_each(const StoredConditions& stored) {
  if (stored.state.empty()) return {};
  return " CROSS JOIN LATERAL (SELECT 1 FROM device_state t WHERE " + std::string(kSameSession) +
         all_of(stored.state) + " LIMIT 1) t";
}

std::string in_scope(const StoredConditions& stored, const Scope& scope, Statement& statement) {
  return " WHERE s.device_id IS NOT NULL AND " + within(statement, scope, "s.rae") +
         all_of(stored.session);
}

// All sessions in scope that have not ended and whose stored rows allow what the filter asks for.
std::string sessions_that_may_pass(const Filter& filter, const Scope& scope, Statement& statement,
                                   bool with_state = false) {
  const StoredConditions stored = stored_conditions(filter, statement);
  if (!with_state && stored.state.empty()) {
    return " FROM device_session s" + in_scope(stored, scope, statement) + std::string(kNotEnded);
  }
  return " FROM device_session s JOIN device_state t ON " + std::string(kSameSession) +
         all_of(stored.state) + in_scope(stored, scope, statement);
}

// So many are looked up one by one and sorted, rather than found in the order of the keys among
// all that are in another state.
constexpr int kFewMax = 2000;

constexpr std::string_view kCurrentFirst =
    "presence_rank, first_received_at DESC, rae, device_session_id";

}  // namespace

std::string array_literal(const std::vector<std::string>& elements) {
  ArrayLiteral literal;
  for (const std::string& element : elements) literal.add(element);
  return literal.take();
}

Statement device_keys(const DevicesQuery& query, const Scope& scope, const DevicePosition* after,
                      int count, bool with_common_states) {
  const bool by_value = query.sort.attribute->column != "device_id";
  const std::string value = by_value ? "s." + query.sort.attribute->column : "''";
  const std::string falling = query.sort.descending ? " DESC" : "";
  Statement statement;
  const std::vector<std::string> rare = rare_conditions(query.filter, statement);
  const StoredConditions stored =
      stored_conditions(query.filter, statement, with_common_states || !rare.empty());
  const std::string select = "SELECT s.device_id, " + value + " AS value FROM ";
  std::string where = in_scope(stored, scope, statement);
  if (after != nullptr) {
    const std::string id = sql_uuid(statement, after->device_id.str());
    where += std::string(" AND ") + (by_value ? "(" + value + ", s.device_id)" : "s.device_id") +
             (query.sort.descending ? " < " : " > ") +
             (by_value ? "(" + statement.bind(after->value) + ", " + id + ")" : id);
  }
  const std::string limit = " LIMIT " + std::to_string(count);
  const std::string order =
      " ORDER BY " + (by_value ? value + falling + ", " : "") + "s.device_id" + falling + limit;
  const std::string walk = select + "device_session s" + state_of_each(stored) + where;
  if (rare.empty()) {
    statement.text = walk + order;
    return statement;
  }
  // Whether there are few is not known before: of the two ways only one is gone, by a condition
  // that is tested once.
  const std::string few = std::to_string(kFewMax);
  statement.text =
      "WITH few AS MATERIALIZED (SELECT t.* FROM device_state t WHERE t.ended_at = 0" +
      all_of(rare) + " LIMIT " + std::to_string(kFewMax + 1) + ") (" + select +
      "few t CROSS JOIN LATERAL (SELECT * FROM device_session s WHERE s.rae = t.rae AND"
      " s.device_session_id = t.device_session_id LIMIT 1) s" +
      where + all_of(stored.state) + " AND (SELECT count(*) FROM few) <= " + few + order +
      ") UNION ALL (" + walk + " AND (SELECT count(*) FROM few) > " + few + order + ") ORDER BY " +
      (by_value ? "value" + falling + ", " : "") + "device_id" + falling + limit;
  return statement;
}

Statement current_items(const Scope& scope, const std::string& keys) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT DISTINCT ON (device_id) " + item_columns() +
                   " FROM session_view WHERE device_id = ANY (" +
                   sql_array(statement, keys, "UUID") + ") AND " + within(statement, scope, "rae") +
                   " ORDER BY device_id, " + std::string(kCurrentFirst);
  return statement;
}

Statement sessions_estimate(const DevicesQuery& query, const Scope& scope) {
  Statement statement;
  statement.text = "SELECT count(*)" + sessions_that_may_pass(query.filter, scope, statement);
  return statement;
}

Statement attribute_values(const ValuesQuery& query, const Scope& scope) {
  Statement statement;
  const bool labels = query.attribute->is_labels();
  const bool state = query.attribute->home == Home::kState;
  std::string value = (state ? "t." : "s.") + query.attribute->column;
  std::string from;
  if (labels) {
    value = "l.key";
    from = " FROM device d CROSS JOIN LATERAL jsonb_each_text(d.labels) AS l(key, value) WHERE ";
    if (!query.label.empty()) {
      value = "l.value";
      from += "l.key = " + sql_text(statement, query.label) + " AND ";
    }
    from += "d.device_id IN (SELECT s.device_id" +
            sessions_that_may_pass(query.filter, scope, statement) + ")";
  } else {
    from = sessions_that_may_pass(query.filter, scope, statement, state);
  }
  statement.text = "SELECT " + value + ", count(*)" + from +
                   " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + std::to_string(kValuesMax + 1);
  return statement;
}

Statement device_sessions(const DeviceId& device_id, const Scope& scope) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT " + item_columns() +
                   " FROM session_view WHERE device_id = " + sql_uuid(statement, device_id.str()) +
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
            sql_bigint(statement, position->place_us) + ", " + statement.bind(position->rae.str()) +
            ", " + sql_uuid(statement, position->session.str()) + ", " +
            sql_bigint(statement, position->timestamp_us) + ")";
  }
  statement.text =
      "SELECT p.place, p.rae, p.device_session_id, p.timestamp, e.kind, e.reason, e.received_at,"
      " e.facets FROM (SELECT place, rae, device_session_id, timestamp FROM"
      " (SELECT v.rae, v.device_session_id, v.timestamp, min(v.received_at) OVER"
      " (PARTITION BY v.rae, v.device_session_id ORDER BY v.timestamp DESC) AS place"
      " FROM device_session s JOIN device_event v"
      " ON v.rae = s.rae AND v.device_session_id = s.device_session_id"
      " WHERE s.device_id = " +
      sql_uuid(statement, query.device_id.str()) + " AND " + within(statement, scope, "s.rae") +
      ") placed" + after +
      " ORDER BY place DESC, rae DESC, device_session_id DESC, timestamp DESC LIMIT " + limit +
      ") p JOIN device_event e ON e.rae = p.rae AND e.device_session_id = p.device_session_id"
      " AND e.timestamp = p.timestamp"
      " ORDER BY p.place DESC, p.rae DESC, p.device_session_id DESC, p.timestamp DESC";
  return statement;
}

Statement timeline_events(const DeviceId& device_id, const Scope& scope) {
  Statement statement;
  statement.text =
      "SELECT e.rae, e.device_session_id, e.received_at, e.kind, e.facets FROM"
      " (SELECT v.* FROM device_session s JOIN device_event v"
      " ON v.rae = s.rae AND v.device_session_id = s.device_session_id WHERE s.device_id = " +
      sql_uuid(statement, device_id.str()) + " AND " + within(statement, scope, "s.rae") +
      R"( AND (v.kind = 'ended' OR v.facets LIKE '%"presence":%' OR v.facets LIKE '%"usage":%'))"
      " ORDER BY v.received_at DESC LIMIT " +
      std::to_string(kTimelineEventsMax) +
      ") e ORDER BY e.rae, e.device_session_id, e.timestamp DESC";
  return statement;
}

Statement database_time() { return {.text = "SELECT now_us FROM read_clock", .by_key = true}; }

Statement device_known(const DeviceId& device_id, const Scope& scope) {
  Statement statement;
  statement.text =
      "SELECT 1 FROM device_session WHERE device_id = " + sql_uuid(statement, device_id.str()) +
      " AND " + within(statement, scope, "rae") + " LIMIT 1";
  return statement;
}

Statement device_past(const DeviceId& device_id, const std::vector<std::int64_t>& times_us,
                      const Scope& scope) {
  Statement statement{.text = {}, .by_key = true};
  std::string stamps;
  std::string names;
  for (std::size_t i = 0; i < times_us.size(); ++i) {
    const std::string name = "past_" + std::to_string(i);
    stamps += ", COALESCE(max(CASE WHEN v.received_at <= " + sql_bigint(statement, times_us[i]) +
              " THEN v.timestamp END), 0) AS " + name;
    names += ", e." + name;
  }
  statement.text =
      "SELECT c.now_us, s.rae, s.device_session_id,"
      " CAST(extract(epoch FROM s.first_received_at) * 1000000 AS BIGINT), t.ended_at,"
      " t.seen_at >= COALESCE(r.roster_at, 0), e.newest, e.events, e.oldest" +
      names + ", " + facet_columns() +
      " FROM device_session s JOIN device_state t ON t.rae = s.rae"
      " AND t.device_session_id = s.device_session_id LEFT JOIN rae r ON r.rae = s.rae"
      " CROSS JOIN read_clock c CROSS JOIN LATERAL (SELECT COALESCE(max(v.timestamp), 0) AS newest,"
      " count(*) AS events, COALESCE(min(v.received_at), 0) AS oldest" +
      stamps +
      " FROM device_event v WHERE v.rae = s.rae AND v.device_session_id = s.device_session_id) e"
      " WHERE s.device_id = " +
      sql_uuid(statement, device_id.str()) + " AND " + within(statement, scope, "s.rae") +
      " ORDER BY s.first_received_at DESC, s.rae, s.device_session_id LIMIT " +
      std::to_string(kSessionsPerDeviceMax);
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
      "SELECT k.rae, k.device_session_id, f.facet, e.facets, k.timestamp FROM unnest(" +
      sql_array(statement, array_literal(raes), "TEXT") + ", " +
      sql_array(statement, array_literal(sessions), "UUID") + ", " +
      sql_array(statement, array_literal(timestamps), "BIGINT") +
      ") AS k(rae, device_session_id, timestamp) CROSS JOIN unnest(" +
      sql_array(statement, array_literal(names), "TEXT") +
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
