#include "registry/api/answers.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "registry/api/changes.h"
#include "registry/api/item.h"
#include "registry/api/statements.h"
#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

// A view is read for few keys at a time, and a request for so many in all: a filter that hardly
// anything passes gives a short page and a cursor instead of a long wait.
constexpr int kKeysPerChunkMax = 512;
constexpr int kKeysPerRequestMax = 4096;

Answer<Rows> read(Reader& reader, const Statement& statement) {
  auto rows = reader.read(statement);
  if (rows) return std::move(*rows);
  // That the database is away is said once, by the service.
  if (rows.error().code != "database_away")
    log_error("api_read_failed", {{"code", rows.error().code},
                                  {"error", rows.error().message},
                                  {"statement", statement.text}});
  return tl::unexpected(from_error(rows.error()));
}

Problem no_such_device(const DeviceId& device_id) {
  return not_found("there is no device " + device_id.str() +
                   " with a session, or this token may not see it; /v1/devices lists what it may");
}

// {"items":[ ... ],"next":CURSOR or null}
class ItemsWriter {
 public:
  ItemsWriter() { json_.begin_object().key("items").begin_array(); }

  JsonWriter& item() {
    ++count_;
    return json_;
  }
  [[nodiscard]] int count() const { return count_; }

  std::string finish(const std::string& next) && {
    json_.end_array().key("next");
    next.empty() ? json_.null() : json_.string(next);
    json_.end_object();
    return std::move(json_).take();
  }

 private:
  JsonWriter json_;
  int count_ = 0;
};

// Keys in device_id order, then their current sessions, until the page is full or the keys are.
class DeviceList {
 public:
  DeviceList(const DevicesQuery& query, Scope scope, Reader& reader)
      : query_(query), scope_(std::move(scope)), reader_(reader) {
    if (const auto after = DeviceId::parse(query.page.after)) after_ = *after;
  }

  Answer<std::string> run() && {
    int examined = 0;
    int chunk = std::min(query_.page.limit + 1, kKeysPerChunkMax);
    for (;;) {
      const auto keys = read(reader_, device_keys(query_, scope_, after_, chunk));
      if (!keys) return tl::unexpected(keys.error());
      const bool more = static_cast<int>(keys->size()) == chunk;
      const auto cut = add_items_of(*keys);
      if (!cut) return tl::unexpected(cut.error());
      examined += chunk;
      const bool full = items_.count() == query_.page.limit || examined >= kKeysPerRequestMax;
      if (*cut || (more && full)) {
        return std::move(items_).finish(next_cursor(query_, after_.str()));
      }
      if (!more) return std::move(items_).finish("");
      chunk = next_chunk(chunk, examined);
    }
  }

 private:
  // As many keys as the rest of the page needs, if they pass as often as those before.
  [[nodiscard]] int next_chunk(int chunk, int examined) const {
    if (items_.count() == 0) return std::min(chunk * 2, kKeysPerChunkMax);
    const int missing = query_.page.limit - items_.count();
    return std::min(missing * examined / items_.count() + 8, kKeysPerChunkMax);
  }

  // Whether the page is full and items are left; after_ is the last device dealt with.
  Answer<bool> add_items_of(const Rows& keys) {
    if (keys.empty()) return false;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (ids.empty() || ids.back() != keys.at(i, 0)) ids.emplace_back(keys.at(i, 0));
    }
    const auto rows = read(reader_, current_items(query_, scope_, array_literal(ids)));
    if (!rows) return tl::unexpected(rows.error());
    for (std::size_t i = 0; i < rows->size(); ++i) {
      if (items_.count() == query_.page.limit) return true;
      JsonWriter& json = items_.item().begin_object();
      write_item(Cells(*rows, i), json);
      json.end_object();
      after_ = *DeviceId::parse(rows->at(i, 0));
    }
    after_ = *DeviceId::parse(ids.back());
    return false;
  }

  const DevicesQuery& query_;
  const Scope scope_;
  Reader& reader_;
  DeviceId after_;
  ItemsWriter items_;
};

Answer<std::string> answer_one(const DeviceQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, device_sessions(query.device_id, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return tl::unexpected(no_such_device(query.device_id));
  JsonWriter sessions;
  sessions.begin_array();
  Cells rest(*rows, 0);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Cells cells(*rows, i);
    write_session(cells, i == 0, sessions);
    if (i == 0) rest = cells;
  }
  sessions.end_array();
  JsonWriter json;
  json.begin_object();
  write_item(rest, json);
  json.key("sessions").raw(std::move(sessions).take()).end_object();
  return std::move(json).take();
}

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

Answer<std::string> answer_events(const EventsQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, device_events(query, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) {
    const auto known = read(reader, device_known(query.device_id, scope));
    if (!known) return tl::unexpected(known.error());
    if (known->empty()) return tl::unexpected(no_such_device(query.device_id));
    return ItemsWriter().finish("");
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
  return std::move(items).finish(more ? next_cursor(query, events->back().position.str()) : "");
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

Answer<std::string> answer_raes(const RaesQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, rae_page(query, scope));
  if (!rows) return tl::unexpected(rows.error());
  const auto limit = static_cast<std::size_t>(query.page.limit);
  const std::size_t count = std::min(rows->size(), limit);
  ItemsWriter items;
  for (std::size_t i = 0; i < count; ++i) write_rae(Cells(*rows, i), items.item());
  return std::move(items).finish(rows->size() > limit ? next_cursor(query, rows->at(count - 1, 0))
                                                      : "");
}

}  // namespace

Answer<std::string> answer(const Query& query, const Principal& principal, Reader& reader) {
  const auto scope = [&](bool canary) { return Scope{principal.rae_patterns, canary}; };
  return std::visit(
      [&]<class T>(const T& asked) -> Answer<std::string> {
        if constexpr (std::is_same_v<T, DevicesQuery>) {
          return DeviceList(asked, scope(asked.canary), reader).run();
        } else if constexpr (std::is_same_v<T, DeviceQuery>) {
          return answer_one(asked, scope(asked.canary), reader);
        } else if constexpr (std::is_same_v<T, EventsQuery>) {
          return answer_events(asked, scope(asked.canary), reader);
        } else {
          return answer_raes(asked, scope(asked.canary), reader);
        }
      },
      query);
}

}  // namespace dmp::registry::api
