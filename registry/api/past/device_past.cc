#include "registry/api/past/device_past.h"

#include <algorithm>
#include <limits>

#include "registry/api/item/facets_json.h"
#include "registry/api/past/changes.h"
#include "registry/api/past/past_sessions.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

using State = SessionThen::State;

struct SessionNow {
  const SessionPast* past = nullptr;
  SessionThen then;
};

int presence_rank(const Facets& facets) {
  if (!facets.presence) return 3;
  switch (facets.presence->fields.status.value) {
    case PresenceStatus::kOnline:
      return 0;
    case PresenceStatus::kStandby:
      return 1;
    case PresenceStatus::kOffline:
      return 2;
    default:
      return 3;
  }
}

// The current session first. One that its RAE has left out since gives way: when is not known.
bool comes_before(const SessionNow& a, const SessionNow& b) {
  const auto rank = [](const SessionNow& one) {
    const bool left_out = !one.past->visible && one.past->ended_stamp == 0;
    return std::tuple(left_out, presence_rank(one.then.facets), -one.past->began_us);
  };
  return rank(a) < rank(b);
}

std::string bounds_text(const Retention& retention) {
  return std::to_string(std::chrono::duration_cast<std::chrono::hours>(retention.history).count() /
                        24) +
         " days and the newest " + std::to_string(retention.rows) + " changes of a session";
}

std::int64_t earliest(const DevicePast& device, std::int64_t SessionPast::*time) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const SessionPast& session : device.sessions) first = std::min(first, session.*time);
  return first;
}

// A moment of which nothing can be said, and what can be asked instead.
Answer<void> check(std::string_view parameter, std::int64_t at_us, const DevicePast& device,
                   const Retention& retention) {
  const std::string asked = std::string(parameter) + "=" + std::to_string(at_us);
  if (at_us > device.now_us) {
    return tl::unexpected(bad_parameter(parameter, std::to_string(at_us),
                                        asked + " is still to come; give a time up to " +
                                            std::to_string(device.now_us) + ", or leave it out"));
  }
  const std::int64_t known_from_us = earliest(device, &SessionPast::known_from_us);
  const bool knows_all = device.sessions.size() < static_cast<std::size_t>(kSessionsPerDeviceMax);
  const bool was_before = at_us < earliest(device, &SessionPast::began_us);
  if (at_us >= known_from_us || (was_before && knows_all)) return {};
  return tl::unexpected(bad_parameter(
      parameter, std::to_string(at_us),
      asked + " is before what history tells of this device; it keeps " + bounds_text(retention) +
          ". Give a time from " + std::to_string(known_from_us) + " on"));
}

void write_history(const DevicePast& device, const Retention& retention, JsonWriter& json) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(retention.history).count();
  json.key("history").begin_object();
  json.key("known_from").integer(earliest(device, &SessionPast::known_from_us));
  json.key("kept_days").integer(hours / 24);
  json.key("kept_changes_per_session").integer(static_cast<std::int64_t>(retention.rows));
  json.end_object();
}

void write_unknown(const std::vector<std::string_view>& facets, JsonWriter& json) {
  if (facets.empty()) return;
  json.key("unknown").begin_array();
  for (const std::string_view facet : facets) json.string(facet);
  json.end_array();
}

void write_who(const SessionPast& past, JsonWriter& json) {
  json.key("device_session_id").string(past.session).key("rae").string(past.rae);
}

std::vector<SessionNow> sessions_there(const DevicePast& device, std::int64_t at_us) {
  std::vector<SessionNow> there;
  for (std::size_t i = 0; i < device.sessions.size(); ++i) {
    SessionThen then = session_then(device.sessions[i], device.moments[i].front(), at_us);
    if (then.state == State::kThere) there.push_back({&device.sessions[i], std::move(then)});
  }
  std::stable_sort(there.begin(), there.end(), comes_before);
  return there;
}

// What a facet was is compared only if both times tell.
void forget(const std::vector<std::string_view>& names, Facets& facets) {
  for (const std::string_view name : names) {
#define DMP_FORGET_FACET(Type, facet, table) \
  if (name == #facet) facets.facet.reset();
    DMP_FACETS(DMP_FORGET_FACET)
#undef DMP_FORGET_FACET
  }
}

// Nothing if neither changed nor unknown.
void write_difference(const SessionPast& past, SessionThen before, SessionThen after,
                      JsonWriter& json) {
  const bool began = before.state == State::kNotYet && after.state != State::kNotYet;
  const bool ended = before.state != State::kEnded && after.state == State::kEnded;
  std::vector<std::string_view> unknown = before.unknown;
  for (const std::string_view facet : after.unknown) {
    if (std::count(unknown.begin(), unknown.end(), facet) == 0) unknown.push_back(facet);
  }
  forget(unknown, before.facets);
  forget(unknown, after.facets);
  JsonWriter changes;
  write_changes(before.facets, after.facets, changes);
  const std::string text = std::move(changes).take();
  if (!began && !ended && unknown.empty() && text == "[]") return;
  json.begin_object();
  write_who(past, json);
  json.key("began").boolean(began).key("ended").boolean(ended).key("changes").raw(text);
  write_unknown(unknown, json);
  json.end_object();
}

}  // namespace

Answer<HttpResponse> answer_device_then(const DeviceQuery& query, const Scope& scope,
                                        const Retention& retention, Reader& reader) {
  const std::int64_t at_us = *query.at_us;
  const auto device = read_past(query.device_id, {at_us}, retention, scope, reader);
  if (!device) return tl::unexpected(device.error());
  if (auto checked = check("at", at_us, *device, retention); !checked) {
    return tl::unexpected(checked.error());
  }
  const std::vector<SessionNow> there = sessions_there(*device, at_us);
  if (there.empty()) {
    return tl::unexpected(not_found(
        "at=" + std::to_string(at_us) + ": the device had no session then; the first one known " +
        "began at " + std::to_string(earliest(*device, &SessionPast::began_us))));
  }
  JsonWriter json;
  json.begin_object().key("device_id").string(query.device_id.str());
  write_who(*there.front().past, json);
  json.key("at").integer(at_us);
  write_facets(there.front().then.facets, json);
  write_unknown(there.front().then.unknown, json);
  json.key("sessions").begin_array();
  for (const SessionNow& session : there) {
    json.begin_object();
    write_who(*session.past, json);
    json.key("current").boolean(&session == &there.front());
    json.key("first_received_at").integer(session.past->began_us).end_object();
  }
  json.end_array();
  write_history(*device, retention, json);
  return HttpResponse{.body = std::move(json.end_object()).take()};
}

Answer<HttpResponse> answer_diff(const DiffQuery& query, const Scope& scope,
                                 const Retention& retention, Reader& reader) {
  const std::int64_t asked_to_us = query.to_us.value_or(std::numeric_limits<std::int64_t>::max());
  const auto device =
      read_past(query.device_id, {query.from_us, asked_to_us}, retention, scope, reader);
  if (!device) return tl::unexpected(device.error());
  const std::int64_t to_us = query.to_us.value_or(device->now_us);
  if (auto checked = check("from", query.from_us, *device, retention); !checked) {
    return tl::unexpected(checked.error());
  }
  if (auto checked = check("to", to_us, *device, retention); !checked) {
    return tl::unexpected(checked.error());
  }
  JsonWriter json;
  json.begin_object().key("device_id").string(query.device_id.str());
  json.key("from").integer(query.from_us).key("to").integer(to_us);
  json.key("sessions").begin_array();
  for (std::size_t i = 0; i < device->sessions.size(); ++i) {
    const SessionPast& past = device->sessions[i];
    write_difference(past, session_then(past, device->moments[i][0], query.from_us),
                     session_then(past, device->moments[i][1], to_us), json);
  }
  json.end_array();
  write_history(*device, retention, json);
  return HttpResponse{.body = std::move(json.end_object()).take()};
}

}  // namespace dmp::registry::api
