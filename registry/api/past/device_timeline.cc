#include "registry/api/past/device_timeline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "registry/api/json_writer.h"
#include "registry/api/past/timeline.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"
#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

constexpr std::int64_t kDayUs = std::int64_t{86'400} * 1'000'000;

using SessionKey = std::pair<std::string, std::string>;  // RAE, session

// Rows come newest first; each session's events become oldest first.
std::map<SessionKey, std::vector<PastEvent>> sessions_of(const Rows& rows) {
  std::map<SessionKey, std::vector<PastEvent>> sessions;
  for (std::size_t i = rows.size(); i-- > 0;) {
    Cells cells(rows, i);
    SessionKey key;
    key.first = cells.next();
    key.second = cells.next();
    PastEvent event;
    event.received_at_us = to_integer(cells.next()).value_or(0);
    event.ended = cells.next() == "ended";
    if (auto facets = decode_facets(cells.next())) event.facets = std::move(*facets);
    sessions[std::move(key)].push_back(std::move(event));
  }
  return sessions;
}

void write_bars(std::string_view name, const std::vector<Bar>& bars, std::string_view value,
                std::string_view detail, JsonWriter& json) {
  json.key(name).begin_array();
  for (const Bar& bar : bars) {
    json.begin_object().key("from").integer(bar.from_us).key("to").integer(bar.to_us);
    json.key(value).string(bar.value);
    if (!bar.detail.empty()) json.key(detail).string(bar.detail);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Answer<HttpResponse> answer_timeline(const TimelineQuery& query, const Scope& scope,
                                     Reader& reader) {
  const auto now = read(reader, database_time());
  if (!now) return tl::unexpected(now.error());
  const auto rows = read(reader, timeline_events(query.device_id, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) {
    const auto known = read(reader, device_known(query.device_id, scope));
    if (!known) return tl::unexpected(known.error());
    if (known->empty()) return tl::unexpected(no_such_device(query.device_id.str()));
  }

  // What is still to come is not known either.
  const std::int64_t to_us =
      std::min(query.to_us.value_or(kTimeLimit), to_integer(now->at(0, 0)).value_or(0));
  const std::int64_t from_us = query.from_us.value_or(to_us - kDayUs);
  std::int64_t known_from_us = kTimeLimit;
  JsonWriter sessions;
  sessions.begin_array();
  for (const auto& [key, events] : sessions_of(*rows)) {
    for (const PastEvent& event : events) {
      known_from_us = std::min(known_from_us, event.received_at_us);
    }
    const SessionBars bars = bars_of(events, from_us, to_us);
    if (bars.presence.empty() && bars.usage.empty()) continue;
    sessions.begin_object().key("rae").string(key.first);
    sessions.key("device_session_id").string(key.second);
    write_bars("presence", bars.presence, "status", "reason", sessions);
    write_bars("usage", bars.usage, "state", "holder", sessions);
    sessions.end_object();
  }
  JsonWriter json;
  json.begin_object().key("from").integer(from_us).key("to").integer(to_us).key("known_from");
  known_from_us == kTimeLimit ? json.null() : json.integer(known_from_us);
  json.key("sessions").raw(std::move(sessions.end_array()).take()).end_object();
  return HttpResponse{.body = std::move(json).take()};
}

}  // namespace dmp::registry::api
