// WatchQuery: what a watcher asks for, what it is shown of a device, and the ids of its events.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/api/problem.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"
#include "registry/api/watch/watch_view.h"

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

// Rows [begin, end) are one device's, the current one first: the JSON of its item, or nothing if it
// is not in the list.
std::optional<std::string> item_of(const WatchQuery& query, const Scope& scope, const Rows& rows,
                                   std::size_t begin, std::size_t end);

// The same list for the same people is the same view.
std::string view_name(const WatchQuery& query, const Scope& scope);

// The event id of a state of a view.
std::string event_id(std::string_view view_name, const WatchDigest& digest);
// Problem: not an event id of this view.
Answer<WatchDigest> parse_event_id(std::string_view view_name, std::string_view id);

}  // namespace dmp::registry::api
