#include "registry/api/watch/watch_statements.h"

#include "registry/api/item/item.h"
#include "registry/api/sql/scope_sql.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kNil = "CAST('00000000-0000-0000-0000-000000000000' AS UUID)";

std::string micros(std::string_view time) {
  return "CAST(extract(epoch FROM " + std::string(time) + ") * 1000000 AS BIGINT)";
}

std::string time_of(Statement& statement, std::int64_t us) {
  return "TIMESTAMPTZ 'epoch' + " + sql_bigint(statement, us) + " * INTERVAL '1 microsecond'";
}

struct Table {
  std::string_view name;
  std::string_view rae;  // what is selected as such
  std::string_view id;
  std::string_view device = "NULL";
};

constexpr Table kTables[kWatchTables] = {
    {"device_state", "rae", "device_session_id"},
    {"device_session", "rae", "device_session_id", "device_id"},
    {"device", "''", "device_id"},
    {"rae", "rae", kNil}};

std::string changes_of(std::size_t number, const WatchPosition& after, const std::string& upto,
                       bool canary, Statement& statement) {
  const Table& table = kTables[number];
  const bool has_rae = table.rae != "''";
  const bool has_id = table.id != kNil;
  std::string key = "changed_at";
  std::string values = time_of(statement, after.changed_us);
  if (has_rae) {
    key += ", rae";
    values += ", " + statement.bind(after.rae);
  }
  if (has_id) {
    key += ", " + std::string(table.id);
    values += ", " + sql_uuid(statement, after.id);
  }
  return "(SELECT " + std::to_string(number) + ", " + micros("changed_at") + ", " +
         std::string(table.rae) + ", " + std::string(table.id) + ", CAST(" +
         std::string(table.device) + " AS UUID) FROM " + std::string(table.name) + " WHERE (" +
         key + ") > (" + values + ") AND changed_at <= " + upto +
         (has_rae && !canary ? " AND rae NOT LIKE 'canary-%'" : "") + " ORDER BY " + key +
         " LIMIT " + std::to_string(kChangesPerLook) + ")";
}

}  // namespace

Statement watch_changes(const WatchPositions& after, std::int64_t upto_us, bool canary) {
  Statement statement{.text = {}, .by_key = true};
  const std::string upto = time_of(statement, upto_us);
  std::string text;
  for (std::size_t i = 0; i < kWatchTables; ++i) {
    text += (i == 0 ? "" : " UNION ALL ") + changes_of(i, after[i], upto, canary, statement);
  }
  statement.text = std::move(text);
  return statement;
}

Statement watch_clock() {
  return {.text = "SELECT now_us, behind FROM read_clock", .by_key = true};
}

Statement watch_doubts(bool canary) {
  return {.text = std::string(
                      "SELECT rae, doubt, roster_at < presence_at, last_heard_at FROM rae_view") +
                  (canary ? "" : " WHERE rae NOT LIKE 'canary-%'"),
          .by_key = true};
}

Statement watch_expired_holds(std::int64_t from_us) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT device_id FROM device WHERE hold_until > " +
                   time_of(statement, from_us) + " AND hold_until <= now()";
  return statement;
}

Statement watch_devices_of_sessions(const std::vector<std::string>& raes,
                                    const std::vector<std::string>& sessions) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT k.id, s.device_id FROM unnest(" +
                   sql_array(statement, array_literal(raes), "TEXT") + ", " +
                   sql_array(statement, array_literal(sessions), "UUID") +
                   ") AS k(rae, id) JOIN device_session s ON s.rae = k.rae AND"
                   " s.device_session_id = k.id WHERE s.device_id IS NOT NULL";
  return statement;
}

Statement watch_devices_of_raes(const std::vector<std::string>& raes, const std::string& after) {
  Statement statement;
  statement.text = "SELECT DISTINCT device_id FROM device_session WHERE rae = ANY (" +
                   sql_array(statement, array_literal(raes), "TEXT") + ") AND device_id > " +
                   sql_uuid(statement, after) + " ORDER BY device_id LIMIT " +
                   std::to_string(kChangesPerLook);
  return statement;
}

Statement watch_items(const std::vector<std::string>& devices) {
  Statement statement{.text = {}, .by_key = true};
  statement.text = "SELECT " + item_columns() + " FROM session_view WHERE device_id = ANY (" +
                   sql_array(statement, array_literal(devices), "UUID") +
                   ") ORDER BY device_id, presence_rank, first_received_at DESC, rae,"
                   " device_session_id";
  return statement;
}

}  // namespace dmp::registry::api
