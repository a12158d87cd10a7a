#include "registry/api/answers.h"

#include <algorithm>

#include "registry/api/device/device_list.h"
#include "registry/api/device/discovery.h"
#include "registry/api/device/one_device.h"
#include "registry/api/past/device_events.h"
#include "registry/api/past/device_past.h"
#include "registry/api/past/device_timeline.h"
#include "registry/api/query/items_writer.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

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

Answer<HttpResponse> answer(const Query& query, const Principal& principal,
                            const Retention& retention, Doctor& doctor, Database& database,
                            Replica* replica) {
  const auto scope = [&](bool canary) { return Scope{principal.rae_patterns, canary}; };
  return std::visit(
      [&]<class T>(const T& asked) -> Answer<HttpResponse> {
        if constexpr (std::is_same_v<T, DevicesQuery>) {
          return answer_devices(asked, scope(asked.canary), database, replica);
        } else if constexpr (std::is_same_v<T, DeviceQuery>) {
          if (asked.at_us) {
            return answer_device_then(asked, scope(asked.canary), retention, database);
          }
          return answer_device(asked, scope(asked.canary), database, replica);
        } else if constexpr (std::is_same_v<T, DiffQuery>) {
          return answer_diff(asked, scope(asked.canary), retention, database);
        } else if constexpr (std::is_same_v<T, PatchQuery>) {
          return answer_patch(asked, principal, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, ExplainQuery>) {
          return answer_explain(asked, scope(asked.canary), doctor, database);
        } else if constexpr (std::is_same_v<T, AttributesQuery>) {
          return answer_attributes();
        } else if constexpr (std::is_same_v<T, ValuesQuery>) {
          return answer_values(asked, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, TimelineQuery>) {
          return answer_timeline(asked, scope(asked.canary), database);
        } else if constexpr (std::is_same_v<T, EventsQuery>) {
          return answer_events(asked, scope(asked.canary), database);
        } else {
          return answer_raes(asked, scope(asked.canary), database);
        }
      },
      query);
}

}  // namespace dmp::registry::api
