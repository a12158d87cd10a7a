#include "registry/api/json_writer.h"
#include "registry/api/sql/scope_sql.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

std::string labels_json(const std::map<std::string, std::string>& labels) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [key, value] : labels) json.key(key).string(value);
  return std::move(json.end_object()).take();
}

// `labels` with the patch applied to it.
std::string patched_labels(const std::string& labels, const DevicePatch& patch,
                           Statement& statement) {
  if (patch.labels.empty() && patch.removed_labels.empty()) return labels;
  return "(" + labels + " || CAST(" + statement.bind(labels_json(patch.labels)) + " AS JSONB)) - " +
         sql_array(statement, array_literal(patch.removed_labels), "TEXT");
}

std::string hold_until(const Hold& hold, Statement& statement) {
  if (hold.until_us == 0) return "CAST(NULL AS TIMESTAMPTZ)";
  // Exact, where to_timestamp() rounds: it counts seconds as a floating-point number.
  return "CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ) + CAST(" +
         statement.bind(std::to_string(hold.until_us)) + " AS BIGINT) * INTERVAL '1 microsecond'";
}

struct Columns {
  std::string labels;
  std::string note;
  std::string hold_by;
  std::string hold_reason;
  std::string hold_until;

  [[nodiscard]] std::string joined() const {
    return labels + ", " + note + ", " + hold_by + ", " + hold_reason + ", " + hold_until;
  }
};

// What the columns become, from what they are.
Columns patched(Columns columns, const DevicePatch& patch, const std::string& subject,
                Statement& statement) {
  columns.labels = patched_labels(columns.labels, patch, statement);
  if (patch.note) columns.note = sql_text(statement, *patch.note);
  if (!patch.hold) return columns;
  const Hold hold = patch.hold->value_or(Hold());
  columns.hold_by = sql_text(statement, *patch.hold ? subject : "");
  columns.hold_reason = sql_text(statement, hold.reason);
  columns.hold_until = hold_until(hold, statement);
  return columns;
}

std::string audit_row(const Deed& deed, const std::string& outcome, Statement& statement) {
  std::string row;
  for (const std::string* value :
       {&deed.subject, &deed.role, &deed.action, &deed.target, &outcome, &deed.detail}) {
    row += (row.empty() ? "" : ", ") + sql_text(statement, *value);
  }
  return "INSERT INTO audit (subject, role, action, target, outcome, detail) SELECT " + row;
}

}  // namespace

Statement patch_check(const DeviceId& device_id, const DevicePatch& patch, const Scope& scope) {
  Statement statement;
  const std::string id = sql_uuid(statement, device_id.str());
  statement.text =
      "SELECT c.now_us, (SELECT count(*) FROM jsonb_object_keys(" +
      patched_labels("COALESCE((SELECT d.labels FROM device d WHERE d.device_id = " + id +
                         "), CAST('{}' AS JSONB))",
                     patch, statement) +
      ")) FROM read_clock c WHERE EXISTS (SELECT 1 FROM device_session s WHERE s.device_id = " +
      id + " AND " + within(statement, scope, "s.rae") + ")";
  return statement;
}

Statement patch_device(const DeviceId& device_id, const DevicePatch& patch, std::int64_t revision,
                       const Deed& deed, const Scope& scope) {
  Statement statement;
  const std::string id = sql_uuid(statement, device_id.str());
  const Columns empty{"CAST('{}' AS JSONB)", "''", "''", "''", "CAST(NULL AS TIMESTAMPTZ)"};
  const Columns stored{"device.labels", "device.note", "device.hold_by", "device.hold_reason",
                       "device.hold_until"};
  const Columns first = patched(empty, patch, deed.subject, statement);
  const Columns next = patched(stored, patch, deed.subject, statement);
  statement.text =
      "WITH d AS (INSERT INTO device (device_id, labels, note, hold_by, hold_reason, hold_until,"
      " revision, changed_at) SELECT " +
      id + ", " + first.joined() +
      ", 1, now() WHERE EXISTS (SELECT 1 FROM device_session s WHERE s.device_id = " + id +
      " AND " + within(statement, scope, "s.rae") + ") ON CONFLICT (device_id) DO UPDATE SET" +
      " labels = " + next.labels + ", note = " + next.note + ", hold_by = " + next.hold_by +
      ", hold_reason = " + next.hold_reason + ", hold_until = " + next.hold_until +
      ", revision = device.revision + 1, changed_at = now() WHERE device.revision = " +
      sql_bigint(statement, revision) + " RETURNING revision), a AS (" +
      audit_row(deed, "done", statement) + " FROM d RETURNING 1) SELECT revision FROM d";
  return statement;
}

Statement audit_refusal(const Deed& deed, const std::string& outcome) {
  Statement statement;
  Deed refused = deed;
  refused.detail = cut(deed.detail, kAuditedDetailBytesMax);
  statement.text = audit_row(refused, outcome, statement) +
                   " WHERE (SELECT count(*) FROM audit WHERE at > now() - INTERVAL '1 minute'" +
                   " AND outcome <> 'done' AND subject = " + sql_text(statement, deed.subject) +
                   ") < " + std::to_string(kAuditedPerMinuteMax) + " RETURNING 1";
  return statement;
}

}  // namespace dmp::registry::api
