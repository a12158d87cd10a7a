#include "registry/core/comparison.h"

#include "schema/upsert.h"

namespace dmp::registry {
namespace {

using std::to_string;

std::string word(const std::string& condition, const std::string& what) {
  return "CASE WHEN " + condition + " THEN ' " + what + "' ELSE '' END";
}

std::string differs(const std::vector<std::string>& columns) {
  std::string live;
  std::string replayed;
  for (const std::string& column : columns) {
    live += (live.empty() ? "l." : ", l.") + column;
    replayed += (replayed.empty() ? "s." : ", s.") + column;
  }
  return "(" + live + ") IS DISTINCT FROM (" + replayed + ")";
}

// A facet of the same stamp that a decoder like ours, or an older one, read otherwise.
std::string other_value(const FacetColumns& facet) {
  const std::string& stamp = facet.names[0];
  return "l." + stamp + " = s." + stamp + " AND l.reader <= s.reader AND " +
         differs({facet.names.begin() + 1, facet.names.end()});
}

struct Table {
  std::string name;
  std::string scratch;
  std::vector<std::string> keys;
  std::string may_be_missing;      // a condition
  std::vector<std::string> words;  // each '' or what differs
};

Comparison comparison(const Table& table) {
  std::string shown;
  std::string joined;
  for (const std::string& key : table.keys) {
    shown.append(shown.empty() ? "s." : " || ' ' || s.").append(key).append("::TEXT");
    joined.append(joined.empty() ? "l." : " AND l.").append(key).append(" = s.").append(key);
  }
  std::string what = "''";
  for (const std::string& each : table.words) what += "\n      || " + each;
  return {table.name, "SELECT key, what FROM (SELECT " + shown + " AS key,\n    CASE WHEN l." +
                          table.keys[0] + " IS NULL THEN CASE WHEN " + table.may_be_missing +
                          " THEN '' ELSE ' missing' END\n    ELSE " + what +
                          " END AS what\n  FROM " + table.scratch + "." + table.name +
                          " AS s LEFT JOIN " + table.name + " AS l ON " + joined + "\n  WHERE s." +
                          table.keys[0] +
                          " NOT LIKE 'canary-%') AS x WHERE what <> '' ORDER BY key LIMIT " +
                          to_string(kDifferencesMax)};
}

Table session_table(const std::string& name, const std::string& scratch,
                    const std::string& purged) {
  Table table{name, scratch, {"rae", "device_session_id"}, purged, {}};
  for (const FacetColumns& facet : facet_columns()) {
    if (facet.table != name) continue;
    table.words.push_back(
        word("s." + facet.names[0] + " > l." + facet.names[0], facet.facet + " is older"));
    table.words.push_back(word(other_value(facet), facet.facet + " has other values"));
  }
  return table;
}

Table rae_table(const std::string& scratch) {
  const std::vector<std::string> said = {"presence_status", "presence_status_text", "agent_version",
                                         "bridge"};
  return {"rae",
          scratch,
          {"rae"},
          "false",
          {word("(s.presence_at, s.last_heard_at) > (l.presence_at, l.last_heard_at)",
                "presence is older"),
           word("s.presence_at = l.presence_at AND s.last_heard_at = l.last_heard_at AND " +
                    differs(said),
                "presence has other values"),
           word("s.roster_at > l.roster_at", "roster_at is older")}};
}

Table event_table(const std::string& scratch, const Retention& retention, WallTime now) {
  const std::string newer =
      "(SELECT count(*) FROM device_event AS n WHERE n.rae = s.rae AND n.device_session_id = "
      "s.device_session_id AND n.timestamp > s.timestamp)";
  return {"device_event",
          scratch,
          {"rae", "device_session_id", "timestamp"},
          "s.received_at < " + to_string(now.us - retention.history.count()) + " OR " + newer +
              " >= " + to_string(retention.rows),
          {word(differs({"kind", "reason", "facets", "received_at"}), "has other values")}};
}

}  // namespace

std::vector<Comparison> comparisons(const std::string& scratch, const Retention& retention,
                                    WallTime now) {
  const std::string purged =
      "(SELECT COALESCE(max(r.roster_at), 0) FROM rae AS r WHERE r.rae = s.rae) - "
      "(SELECT COALESCE(max(t.seen_at), 0) FROM " +
      scratch + ".device_state AS t WHERE t.rae = s.rae AND t.device_session_id = " +
      "s.device_session_id) > " + to_string(retention.history.count());
  Table states = session_table("device_state", scratch, purged);
  states.words.push_back(word("s.seen_at > l.seen_at", "seen_at is older"));
  states.words.push_back(word("s.ended_at > l.ended_at", "ended_at is older"));
  states.words.push_back(word("s.ended_at = l.ended_at AND s.end_reason <> l.end_reason",
                              "end_reason has another value"));
  const Table bridges{
      "bridge", scratch, {"bridge"}, "false", {word("s.sent_at > l.sent_at", "sent_at is older")}};
  return {comparison(session_table("device_session", scratch, purged)), comparison(states),
          comparison(rae_table(scratch)), comparison(event_table(scratch, retention, now)),
          comparison(bridges)};
}

std::vector<std::string> reread_statements(const std::string& scratch) {
  std::vector<std::string> statements;
  for (const std::string table : {"device_session", "device_state"}) {
    std::string text = "UPDATE ";
    text.append(table)
        .append(" SET reader = 0 WHERE (rae, device_session_id) IN (\n")
        .append("  SELECT l.rae, l.device_session_id FROM ")
        .append(table)
        .append(" AS l JOIN ")
        .append(scratch)
        .append(".")
        .append(table)
        .append(" AS s ON s.rae = l.rae AND s.device_session_id = l.device_session_id WHERE false");
    for (const FacetColumns& facet : facet_columns()) {
      if (facet.table == table) text.append(" OR ").append(other_value(facet));
    }
    statements.push_back(text.append(")"));
  }
  return statements;
}

}  // namespace dmp::registry
