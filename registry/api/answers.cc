#include "registry/api/answers.h"

#include <algorithm>
#include <map>
#include <utility>

#include "registry/api/changes.h"
#include "registry/api/device_list.h"
#include "registry/api/one_device.h"
#include "registry/api/reading.h"
#include "registry/api/statements.h"
#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

// {"items":[ ... ],"next":CURSOR or null}
class ItemsWriter {
 public:
  ItemsWriter() { json_.begin_object().key("items").begin_array(); }

  JsonWriter& item() {
    ++count_;
    return json_;
  }
  [[nodiscard]] int count() const { return count_; }

  HttpResponse finish(const Page& page, const std::string& next) && {
    HttpResponse response;
    json_.end_array().key("next");
    next.empty() ? json_.null() : json_.string(next);
    if (!next.empty()) response.headers.push_back(next_link(page, next));
    json_.end_object();
    response.body = std::move(json_).take();
    return response;
  }

 private:
  JsonWriter json_;
  int count_ = 0;
};

// One row of device_events.
struct Event {
  EventPosition position;
  std::string_view kind;
  std::string_view reason;
  std::string_view received_at;
  std::string_view stored;       // facets as they are in the table
  std::optional<Facets> facets;  // nothing: the row holds what this version cannot read
  std::string changes;
};

std::int64_t to_integer(std::string_view text) { return std::stoll(std::string(text)); }

std::optional<Facets> facets_of(std::string_view stored) {
  auto facets = decode_facets(stored);
  return facets ? std::optional(std::move(*facets)) : std::nullopt;
}

Answer<std::vector<Event>> read_events(const Rows& rows, std::size_t count) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < count; ++i) {
    Cells cells(rows, i);
    Event& event = events.emplace_back();
    event.position.place_us = to_integer(cells.next());
    const auto rae = RaeSerial::parse(cells.next());
    const auto session = SessionId::parse(cells.next());
    if (!rae || !session) return tl::unexpected(internal());
    event.position.rae = *rae;
    event.position.session = *session;
    event.position.timestamp_us = to_integer(cells.next());
    event.kind = cells.next();
    event.reason = cells.next();
    event.received_at = cells.next();
    event.stored = cells.next();
    event.facets = facets_of(event.stored);
  }
  return events;
}

using SessionKey = std::pair<std::string, std::string>;  // RAE, session

// What each session on the page said before its oldest event there.
Answer<std::map<SessionKey, Facets>> read_before(const std::vector<Event>& events,
                                                 const Scope& scope, Reader& reader) {
  std::map<SessionKey, std::string> oldest;
  for (const Event& event : events) {  // newest first: the last one seen is the oldest
    oldest[{event.position.rae.str(), event.position.session.str()}] =
        std::to_string(event.position.timestamp_us);
  }
  std::vector<EventKey> keys;
  for (const auto& [key, timestamp] : oldest) keys.push_back({key.first, key.second, timestamp});
  const auto rows = read(reader, facets_before(keys, scope));
  if (!rows) return tl::unexpected(rows.error());
  std::map<SessionKey, Facets> before;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Facets& known = before[{std::string(rows->at(i, 0)), std::string(rows->at(i, 1))}];
    const auto found = facets_of(rows->at(i, 3));
    if (!found) continue;
      // The row may carry older values of other facets, which have rows of their own.
#define DMP_TAKE_FACET(Type, name, table) \
  if (rows->at(i, 2) == #name) known.name = found->name;
    DMP_FACETS(DMP_TAKE_FACET)
#undef DMP_TAKE_FACET
  }
  return before;
}

void write_event(const Event& event, JsonWriter& json) {
  json.begin_object();
  json.key("rae").string(event.position.rae.str());
  json.key("device_session_id").string(event.position.session.str());
  json.key("kind").string(event.kind);
  if (!event.reason.empty()) json.key("reason").string(event.reason);
  json.key("received_at").raw(event.received_at);
  json.key("timestamp").integer(event.position.timestamp_us);
  json.key("facets").raw(event.facets ? event.stored : "null");
  json.key("changes").raw(event.changes);
  json.end_object();
}

Answer<HttpResponse> answer_events(const EventsQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, device_events(query, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) {
    const auto known = read(reader, device_known(query.device_id, scope));
    if (!known) return tl::unexpected(known.error());
    if (known->empty()) return tl::unexpected(no_such_device(query.device_id.str()));
    return ItemsWriter().finish(query.page, "");
  }
  const bool more = rows->size() > static_cast<std::size_t>(query.page.limit);
  auto events = read_events(*rows, rows->size() - (more ? 1 : 0));
  if (!events) return tl::unexpected(events.error());
  auto before = read_before(*events, scope, reader);
  if (!before) return tl::unexpected(before.error());

  // From old to new: each event is compared with what its session knew then.
  for (auto event = events->rbegin(); event != events->rend(); ++event) {
    Facets& known = (*before)[{event->position.rae.str(), event->position.session.str()}];
    const Facets said = event->facets.value_or(Facets());
    JsonWriter changes;
    write_changes(known, said, changes);
    event->changes = std::move(changes).take();
    apply(said, known);
  }
  ItemsWriter items;
  for (const Event& event : *events) write_event(event, items.item());
  return std::move(items).finish(query.page,
                                 more ? next_cursor(query, events->back().position.str()) : "");
}

void write_rae(Cells cells, JsonWriter& json) {
  json.begin_object().key("rae").string(cells.next());
  json.key("presence").begin_object().key("status").string(cells.next());
  if (const auto doubt = cells.next(); !doubt.empty()) json.key("reason").string(doubt);
  json.end_object();
  if (const auto version = cells.next(); !version.empty()) {
    json.key("agent_version").string(version);
  }
  if (const auto heard = cells.next(); heard != "0") json.key("last_heard_at").raw(heard);
  if (const auto bridge = cells.next(); !bridge.empty()) json.key("bridge").string(bridge);
  json.key("sessions").begin_object();
  for (const std::string_view count : {"total", "online", "standby", "offline", "unknown"}) {
    json.key(count).raw(cells.next());
  }
  json.end_object().end_object();
}

Answer<HttpResponse> answer_raes(const RaesQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, rae_page(query, scope));
  if (!rows) return tl::unexpected(rows.error());
  const auto limit = static_cast<std::size_t>(query.page.limit);
  const std::size_t count = std::min(rows->size(), limit);
  ItemsWriter items;
  for (std::size_t i = 0; i < count; ++i) write_rae(Cells(*rows, i), items.item());
  return std::move(items).finish(
      query.page, rows->size() > limit ? next_cursor(query, rows->at(count - 1, 0)) : "");
}

}  // namespace

Answer<HttpResponse> answer(const Query& query, const Principal& principal, Database& database) {
  const auto scope = [&](bool canary) { return Scope{principal.rae_patterns, canary}; };
  return std::visit(
      [&]<class T>(const T& asked) -> Answer<HttpResponse> {
        if constexpr (std::is_same_v<T, DevicesQuery>) {
          return answer_devices(asked, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, DeviceQuery>) {
          return answer_device(asked, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, PatchQuery>) {
          return answer_patch(asked, principal, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, EventsQuery>) {
          return answer_events(asked, scope(asked.canary), database);
        } else {
          return answer_raes(asked, scope(asked.canary), database);
        }
      },
      query);
}

}  // namespace dmp::registry::api
