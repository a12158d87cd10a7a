#include "registry/api/past/device_events.h"

#include <map>
#include <utility>

#include "registry/api/past/changes.h"
#include "registry/api/query/items_writer.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"
#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

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

std::optional<Facets> facets_of(std::string_view stored) {
  auto facets = decode_facets(stored);
  return facets ? std::optional(std::move(*facets)) : std::nullopt;
}

Answer<std::vector<Event>> read_events(const Rows& rows, std::size_t count) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < count; ++i) {
    Cells cells(rows, i);
    Event& event = events.emplace_back();
    event.position.place_us = to_integer(cells.next()).value_or(0);
    const auto rae = RaeSerial::parse(cells.next());
    const auto session = SessionId::parse(cells.next());
    if (!rae || !session) return tl::unexpected(internal());
    event.position.rae = *rae;
    event.position.session = *session;
    event.position.timestamp_us = to_integer(cells.next()).value_or(0);
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

}  // namespace

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

}  // namespace dmp::registry::api
