// Queries: what a request asks for, after its path and parameters were understood. Pure.
//
// A parameter that the route does not know, or a value that is not one of those it takes, is a
// Problem naming the parameter, the value and what to write instead. Nothing is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "registry/api/item/item.h"
#include "registry/api/query/device_patch.h"
#include "registry/api/query/filter.h"
#include "registry/api/query/parameters.h"
#include "registry/api/query/target.h"
#include "schema/ids.h"

namespace dmp::registry::api {

struct Page {
  int limit = kPageDefault;  // 1 to kPageMax
  std::string after{};       // position the cursor holds; empty: from the start
  std::string address{};     // the request's, without a cursor
};

enum class Format { kJson, kNdjson, kCsv };

struct Sort {
  const Attribute* attribute = sort_attributes().front();
  bool descending = false;
};

// Where a page of devices ends.
struct DevicePosition {
  DeviceId device_id;
  std::string value;  // of the sort attribute; empty when sorted by device_id

  [[nodiscard]] std::string str() const;
  static std::optional<DevicePosition> parse(std::string_view text);
};

// GET /v1/devices. The filter is about the device's current session, presence as shown.
struct DevicesQuery {
  Filter filter{};
  Sort sort{};
  FieldChoice fields{};
  Format format = Format::kJson;
  bool count = false;  // of the whole list; an estimate unless it fits on the first page
  bool canary = false;
  Page page{};  // after: a DevicePosition
};

// GET /v1/devices/{device_id}
struct DeviceQuery {
  DeviceId device_id;
  bool canary = false;
  std::string if_none_match{};
  std::optional<std::int64_t> at_us{};  // as it was then; an answer without ETag
};

// PATCH /v1/devices/{device_id}
struct PatchQuery {
  DeviceId device_id;
  bool canary = false;
  std::string if_match{};  // not empty
  DevicePatch patch{};
};

// Where a page of events ends. `place_us` grows with the session's stamps (statements.h).
struct EventPosition {
  std::int64_t place_us = 0;
  RaeSerial rae;
  SessionId session;
  std::int64_t timestamp_us = 0;

  [[nodiscard]] std::string str() const;
  static std::optional<EventPosition> parse(std::string_view text);
};

// GET /v1/devices/{device_id}/events
struct EventsQuery {
  DeviceId device_id;
  bool canary = false;
  Page page{};  // after: an EventPosition
};

// GET /v1/devices/{device_id}/explain
struct ExplainQuery {
  DeviceId device_id;
  bool canary = false;
};

// GET /v1/devices/{device_id}/timeline
struct TimelineQuery {
  DeviceId device_id;
  bool canary = false;
  std::optional<std::int64_t> from_us{};  // default: a day before the end
  std::optional<std::int64_t> to_us{};    // default: now
};

// GET /v1/devices/{device_id}/diff
struct DiffQuery {
  DeviceId device_id;
  bool canary = false;
  std::int64_t from_us = 0;             // before `to`
  std::optional<std::int64_t> to_us{};  // default: now
};

// GET /v1/attributes
struct AttributesQuery {};

// GET /v1/attributes/{name}
struct ValuesQuery {
  const Attribute* attribute = nullptr;
  std::string label{};  // the key, for one label; empty with `labels`: its keys
  Filter filter{};
  bool canary = false;
};

// GET /v1/raes
struct RaesQuery {
  bool canary = false;
  Page page{};  // after: a RAE serial
};

using Query = std::variant<DevicesQuery, DeviceQuery, PatchQuery, EventsQuery, ExplainQuery,
                           TimelineQuery, DiffQuery, AttributesQuery, ValuesQuery, RaesQuery>;

// What is asked for; unknown paths and methods they do not take are Problems.
Answer<Query> parse_request(const HttpRequest& request);

// The cursor that continues `query` after `position`.
std::string next_cursor(const DevicesQuery& query, std::string_view position);
std::string next_cursor(const EventsQuery& query, std::string_view position);
std::string next_cursor(const RaesQuery& query, std::string_view position);

// The route as it stands in metrics: "/v1/devices/{device_id}"; writes with their method.
std::string_view route_name(const Query& query);

}  // namespace dmp::registry::api
