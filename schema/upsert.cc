// The rules, per facet F of an incoming row `excluded` and the stored row `c`:
//   newer    excluded.F_at > c.F_at
//   reread   equal stamps, but a higher decoder read it: it may know fields the stored one did not
// `reader` of a row is the lowest decoder any of its facets was read by. It rises only when every
// facet of the incoming row is at least as new as the stored one, and falls to the writer's when a
// lower decoder makes a facet newer, so that rows heal even while two versions run.
#include "schema/upsert.h"

#include <functional>
#include <utility>

#include "schema/upsert_columns.h"

namespace dmp {
namespace {

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::vector<std::string> each(const std::vector<std::string>& names,
                              const std::function<std::string(const std::string&)>& make) {
  std::vector<std::string> made;
  made.reserve(names.size());
  for (const std::string& name : names) made.push_back(make(name));
  return made;
}

std::string newer(const std::string& stamp) { return "excluded." + stamp + " > c." + stamp; }

std::string reread(const std::string& stamp) {
  return "excluded." + stamp + " = c." + stamp + " AND excluded.reader > c.reader";
}

std::string greatest(const std::string& column) {
  return column + " = GREATEST(c." + column + ", excluded." + column + ")";
}

std::string taken_when(const std::string& condition, const std::string& column) {
  return column + " = CASE WHEN " + condition + " THEN excluded." + column + " ELSE c." + column +
         " END";
}

std::string differs(const std::vector<std::string>& columns) {
  const auto of = [&](const std::string& row) {
    return "(" + join(each(columns, [&](const auto& name) { return row + "." + name; }), ", ") +
           ")";
  };
  return of("excluded") + " IS DISTINCT FROM " + of("c");
}

struct FacetText {
  std::string stamp;
  std::vector<std::string> values;  // every column but the stamp
};

// What DO UPDATE needs for the facets of one table. A facet that no row of the batch has is left
// out, as if every row had it with the stamp 0: that is never newer than what is stored.
struct TableText {
  std::vector<std::string> columns;
  std::vector<std::string> selected;  // the same, cast from what unnest gives
  std::vector<FacetText> facets;
  std::vector<std::string> left_out;  // stamps

  TableText(std::string_view table, FacetSet wanted) {
    const auto all = facet_columns();
    for (std::size_t f = 0; f < all.size(); ++f) {
      const FacetColumns& facet = all[f];
      if (facet.table != table) continue;
      if (!wanted[f]) {
        left_out.push_back(facet.names[0]);
        continue;
      }
      for (std::size_t i = 0; i < facet.names.size(); ++i) {
        columns.push_back(facet.names[i]);
        // CockroachDB has no arrays of JSONB: they travel as text.
        selected.push_back(facet.names[i] + (facet.types[i] == "JSONB" ? "::JSONB" : ""));
      }
      facets.push_back({facet.names[0], {facet.names.begin() + 1, facet.names.end()}});
    }
  }

  [[nodiscard]] std::vector<std::string> stamps() const {
    std::vector<std::string> stamps;
    for (const FacetText& facet : facets) stamps.push_back(facet.stamp);
    return stamps;
  }

  [[nodiscard]] std::string any_newer() const {
    return facets.empty() ? "false" : join(each(stamps(), newer), " OR ");
  }

  [[nodiscard]] std::string none_older() const {
    auto parts = each(stamps(), [](const auto& s) { return "excluded." + s + " >= c." + s; });
    for (const std::string& stamp : left_out) parts.push_back("c." + stamp + " = 0");
    return join(parts, " AND ");
  }

  [[nodiscard]] std::vector<std::string> set_facets() const {
    std::vector<std::string> parts;
    for (const FacetText& facet : facets) {
      const std::string taken = newer(facet.stamp) + " OR " + reread(facet.stamp);
      for (const std::string& value : facet.values) parts.push_back(taken_when(taken, value));
      parts.push_back(greatest(facet.stamp));
    }
    return parts;
  }

  [[nodiscard]] std::string set_reader() const {
    return "reader = CASE WHEN excluded.reader > c.reader AND NOT (" + none_older() +
           ") THEN c.reader WHEN excluded.reader > c.reader OR " + any_newer() +
           " THEN excluded.reader ELSE c.reader END";
  }

  // Something shown changes: a facet's values, or that it was received at all.
  [[nodiscard]] std::string set_changed_at(const std::string& also) const {
    std::vector<std::string> parts;
    for (const FacetText& facet : facets) {
      parts.push_back("(" + newer(facet.stamp) + " OR " + reread(facet.stamp) + ") AND " +
                      differs(facet.values));
      parts.push_back(newer(facet.stamp) + " AND c." + facet.stamp + " = 0");
    }
    if (!also.empty()) parts.push_back(also);
    return "changed_at = CASE WHEN " + join(parts, " OR ") + " THEN now() ELSE c.changed_at END";
  }

  // Exactly the rows that the SET above changes: a replay must not even touch a row.
  [[nodiscard]] std::string where_changed(const std::string& also) const {
    std::vector<std::string> healed = {"(" + none_older() + ")"};
    for (const FacetText& facet : facets) {
      healed.push_back("excluded." + facet.stamp + " = c." + facet.stamp + " AND " +
                       differs(facet.values));
    }
    return any_newer() + (also.empty() ? "" : " OR " + also) +
           " OR excluded.reader > c.reader AND (" + join(healed, " OR ") + ")";
  }
};

// `x(a, b)` over `unnest($first::TEXT[], ...)`.
std::string unnest(std::size_t first, const UnnestColumns& columns) {
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  for (const auto& [name, type] : columns) {
    arrays.push_back("$" + std::to_string(first + arrays.size()) + "::" + type + "[]");
    names.push_back(name);
  }
  return "SELECT * FROM unnest(" + join(arrays, ", ") + ") AS x(" + join(names, ", ") + ")";
}

std::string insert_sessions(const TableText& table) {
  const std::string received =
      join(each(table.stamps(), [](const auto& stamp) { return stamp + " > 0"; }), " OR ");
  auto set = table.set_facets();
  set.push_back(table.set_reader());
  set.push_back(table.set_changed_at(""));
  return "INSERT INTO device_session AS c (rae, device_session_id, reader, " +
         join(table.columns, ", ") + ")\n  SELECT rae, device_session_id, $1::INT4, " +
         join(table.selected, ", ") + " FROM u WHERE " + received +
         " ORDER BY rae, device_session_id\n"
         "  ON CONFLICT (rae, device_session_id) DO UPDATE SET\n    " +
         join(set, ",\n    ") + "\n  WHERE " + table.where_changed("") + " RETURNING 1";
}

std::string insert_states(const TableText& table) {
  const std::string own = "seen_at, ended_at, end_reason";
  auto columns = table.columns;
  auto selected = table.selected;
  columns.insert(columns.begin(), "rae, device_session_id, reader, " + own);
  selected.insert(selected.begin(), "rae, device_session_id, $1::INT4, " + own);
  auto set = table.set_facets();
  for (const std::string& part :
       {greatest("seen_at"), taken_when(newer("ended_at"), "end_reason"), greatest("ended_at"),
        table.set_reader(), table.set_changed_at(newer("ended_at"))}) {
    set.push_back(part);
  }
  return "INSERT INTO device_state AS c (" + join(columns, ", ") + ")\n  SELECT " +
         join(selected, ", ") +
         " FROM u ORDER BY rae, device_session_id\n"
         "  ON CONFLICT (rae, device_session_id) DO UPDATE SET\n    " +
         join(set, ",\n    ") + "\n  WHERE " +
         table.where_changed(newer("seen_at") + " OR " + newer("ended_at")) + " RETURNING 1";
}

}  // namespace

std::string update_statement(FacetSet facets) {
  const auto columns = session_columns(facets);
  const TableText slow("device_session", facets);
  const TableText fast("device_state", facets);
  const bool has_slow = !slow.facets.empty();
  return "WITH u AS (" + unnest(2, columns) + "),\nh AS (" +
         unnest(2 + columns.size(), kEventColumns) + "),\n" +
         (has_slow ? "s AS (" + insert_sessions(slow) + "),\n" : "") + "t AS (" +
         insert_states(fast) +
         "),\ne AS (INSERT INTO device_event (rae, device_session_id, timestamp, kind, reason, "
         "facets, received_at)\n"
         "  SELECT rae, device_session_id, at, kind, reason, facets, received_at FROM h"
         " ORDER BY rae, device_session_id, at\n"
         "  ON CONFLICT (rae, device_session_id, timestamp) DO NOTHING RETURNING 1)\n"
         "SELECT " +
         (has_slow ? "(SELECT count(*) FROM s)" : "0") +
         ", (SELECT count(*) FROM t), (SELECT count(*) FROM e)";
}

std::string agent_statement() {
  const std::string later =
      "(excluded.presence_at, excluded.last_heard_at) > (c.presence_at, c.last_heard_at)";
  const auto taken = [&](const std::string& column) { return taken_when(later, column); };
  return "WITH p AS (" + unnest(2, kRaeColumns) + "),\nl AS (" +
         unnest(2 + kRaeColumns.size(), kSeenColumns) + "),\nb AS (" +
         unnest(2 + kRaeColumns.size() + kSeenColumns.size(), kBridgeColumns) +
         "),\nr AS (INSERT INTO rae AS c (rae, presence_at, presence_status, presence_status_text, "
         "agent_version, last_heard_at, bridge, roster_at)\n"
         "  SELECT rae, presence_at, presence_status, presence_status_text, agent_version, "
         "last_heard_at, bridge, roster_at FROM p ORDER BY rae\n"
         "  ON CONFLICT (rae) DO UPDATE SET\n    " +
         join(each({"presence_status", "presence_status_text", "agent_version", "last_heard_at",
                    "bridge"},
                   taken),
              ",\n    ") +
         ",\n    " + greatest("presence_at") + ",\n    " + greatest("roster_at") +
         ",\n    changed_at = CASE WHEN " + newer("presence_at") + " OR " + newer("roster_at") +
         " THEN now() ELSE c.changed_at END\n  WHERE " + later + " OR " + newer("roster_at") +
         " RETURNING 1),\n"
         "t AS (INSERT INTO device_state AS c (rae, device_session_id, reader, seen_at)\n"
         "  SELECT rae, device_session_id, $1::INT4, seen_at FROM l ORDER BY rae, "
         "device_session_id\n"
         "  ON CONFLICT (rae, device_session_id) DO UPDATE SET seen_at = excluded.seen_at\n"
         "  WHERE " +
         newer("seen_at") +
         " RETURNING 1),\n"
         "n AS (INSERT INTO bridge AS c (bridge, sent_at) SELECT bridge, sent_at FROM b ORDER BY "
         "bridge\n"
         "  ON CONFLICT (bridge) DO UPDATE SET sent_at = excluded.sent_at WHERE " +
         newer("sent_at") +
         " RETURNING 1)\n"
         "SELECT (SELECT count(*) FROM r), (SELECT count(*) FROM t), (SELECT count(*) FROM n),\n"
         // What stood there before: no part of a statement sees what another one writes.
         "  (SELECT COALESCE(string_agg(p.rae, ','), '') FROM p JOIN rae AS c ON c.rae = p.rae\n"
         "   WHERE p.presence_at > 0 AND p.presence_at < c.presence_at\n"
         "   OR p.roster_at > 0 AND p.roster_at < c.roster_at)";
}

std::string floor_statement() {
  return "SELECT x.rae, GREATEST(1, c.presence_at, c.roster_at,\n"
         "    (SELECT max(seen_at) FROM device_state AS t WHERE t.rae = x.rae)),\n"
         "  GREATEST(1, c.presence_at)\n"
         "FROM unnest($1::TEXT[]) AS x(rae) LEFT JOIN rae AS c ON c.rae = x.rae";
}

std::string beat_statement() {
  return "INSERT INTO ingest AS c (topic, partition, behind_ms, beat_at)\n"
         "  SELECT topic, partition, behind_ms, now() FROM (" +
         unnest(1, kBeatColumns) +
         ") AS beats ORDER BY topic, partition\n"
         "  ON CONFLICT (topic, partition) DO UPDATE SET behind_ms = excluded.behind_ms, "
         "beat_at = excluded.beat_at";
}

}  // namespace dmp
