// WatchQuery, and which row of a device a watcher sees: the scope and filter of a list, decided
// here instead of in SQL, so that one reading serves every watcher. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "registry/api/item_values.h"
#include "registry/api/problem.h"
#include "registry/api/queries.h"
#include "registry/api/statements.h"
#include "registry/api/watch_view.h"

namespace dmp::registry::api {

// GET /v1/devices?watch=1
struct WatchQuery {
  Filter filter{};
  FieldChoice fields{};  // without rae_last_heard_at, which moves all the time
  bool canary = false;
  std::string last_event_id{};
};

// Whether the request is for a watch, however wrong.
bool is_watch(const HttpRequest& request);
Answer<WatchQuery> parse_watch(const HttpRequest& request);

// As LIKE in SQL, with the escape character `\`.
bool like(std::string_view text, std::string_view pattern);

bool may_see(const Scope& scope, std::string_view rae);

// Rows [begin, end) of one device, by its device_id. REQUIRES: those of a device stand together.
using DeviceSpans = std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>>;
DeviceSpans rows_by_device(const Rows& items);

// Rows [begin, end) are one device's, the current one first: the row that the caller sees, or none
// if the device is not in the list.
std::optional<std::size_t> visible_row(const Filter& filter, const Scope& scope, const Rows& rows,
                                       std::size_t begin, std::size_t end);

// The same as the JSON of its item.
std::optional<std::string> item_of(const WatchQuery& query, const Scope& scope, const Rows& rows,
                                   std::size_t begin, std::size_t end);

// The same list for the same people is the same view.
std::string view_name(const WatchQuery& query, const Scope& scope);

// The event id of a state of a view.
std::string event_id(std::string_view view_name, const WatchDigest& digest);
// Problem: not an event id of this view.
Answer<WatchDigest> parse_event_id(std::string_view view_name, std::string_view id);

}  // namespace dmp::registry::api
