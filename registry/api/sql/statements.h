// Statements: the API's SELECTs. Pure.
//
// Every one of them holds the caller's RAEs as a predicate. None scans: keys are read in index
// order, views only for the keys of one page. Runs on PostgreSQL 15 and CockroachDB 23.1.
#pragma once

#include <string>
#include <vector>

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

inline constexpr int kSessionsPerDeviceMax = 32;

// The next `count` sessions behind `after` (null: from the start) that may pass the filter, in the
// order asked for; a device with several sessions comes several times. The filter is read as the
// stored values it implies; on request without those of device_state, unless few devices, as a
// rule, have them: they cost a look-up for each key.
// Columns: device_id, value of the sort attribute ("" for device_id).
Statement device_keys(const DevicesQuery& query, const Scope& scope, const DevicePosition* after,
                      int count, bool with_common_states = true);

// The current session of each of `keys` (array literal of UUIDs). Columns: item_columns.
Statement current_items(const Scope& scope, const std::string& keys);

// How many sessions that have not ended may pass the filter: about as many as devices. One row, one
// column.
Statement sessions_estimate(const DevicesQuery& query, const Scope& scope);

// The commonest values of an attribute, one more than kValuesMax if there are more, counted over
// the sessions (labels: devices with one) that have not ended and may pass the filter. Columns:
// value, count.
inline constexpr int kValuesMax = 100;
Statement attribute_values(const ValuesQuery& query, const Scope& scope);

// The visible sessions of a device, the current one first. Columns: item_columns.
Statement device_sessions(const DeviceId& device_id, const Scope& scope);

// What a patch must be checked against. Columns: the database's time in µs, and how many labels
// the device would have. One row.
Statement patch_check(const DeviceId& device_id, const DevicePatch& patch, const Scope& scope);

// Who did what, for the audit.
struct Deed {
  std::string subject;
  std::string role;
  std::string action;
  std::string target;
  std::string detail;
};

// Applies a patch to a device in scope, if its revision is still `revision`, with its row in the
// audit. Columns: the new revision; no row: somebody was faster.
Statement patch_device(const DeviceId& device_id, const DevicePatch& patch, std::int64_t revision,
                       const Deed& deed, const Scope& scope);

// What was refused, and why; the detail is cut. No row: so much was refused to the subject within
// a minute that this is left out.
inline constexpr int kAuditedPerMinuteMax = 600;
inline constexpr std::size_t kAuditedDetailBytesMax = 256;
Statement audit_refusal(const Deed& deed, const std::string& outcome);

// A page of a device's history, newest first, one row more than `limit` if there is more. Within a
// session by stamp; between sessions by `place`: when the cloud had the event or, for one that
// came late, the earliest later one. Columns: place, rae, session, timestamp, kind, reason,
// received_at, facets.
Statement device_events(const EventsQuery& query, const Scope& scope);

// The newest kTimelineEventsMax events of a device that say something about presence or use, or
// end a session; newest first within a session. Columns: rae, session, received_at, kind, facets.
inline constexpr int kTimelineEventsMax = 4000;
Statement timeline_events(const DeviceId& device_id, const Scope& scope);

// The database's clock in µs. One row.
Statement database_time();

// Whether a device has, or had, a session in the scope. One row or none.
Statement device_known(const DeviceId& device_id, const Scope& scope);

// What there is to know of the past of a device's sessions but the events themselves, the newest
// session first. Columns: now_us, rae, session, first_received_us, ended_at, visible, then of its
// events: newest timestamp, count, oldest received_at, and for each of `times_us` the newest
// timestamp received until then (0: none); facet_columns.
Statement device_past(const DeviceId& device_id, const std::vector<std::int64_t>& times_us,
                      const Scope& scope);

struct EventKey {
  std::string rae;
  std::string session;
  std::string timestamp;
};

// For each key and facet the newest earlier event of the session that carries the facet.
// Columns: rae, session, facet, facets, the key's timestamp.
Statement facets_before(const std::vector<EventKey>& keys, const Scope& scope);

// A page of RAEs by serial, one more than `limit` if there is more. Columns: rae, shown_status,
// doubt, agent_version, last_heard_at, bridge, and sessions: all, online, standby, offline,
// unknown.
Statement rae_page(const RaesQuery& query, const Scope& scope);

// A PostgreSQL array literal: {"a","b"}.
std::string array_literal(const std::vector<std::string>& elements);

}  // namespace dmp::registry::api
