#include "registry/api/query/queries.h"

#include <array>

#include "registry/adapters/rest_json.h"
#include "registry/api/json_writer.h"
#include "registry/api/query/accept.h"
#include "registry/api/query/cursor.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

// What a cursor is bound to. NUL separates: no value can hold one.
std::string filter_of(const DevicesQuery& query) {
  return "devices" + std::string(1, '\0') + query.filter.str() + std::string(1, '\0') +
         (query.sort.descending ? "-" : "") + query.sort.attribute->name +
         (query.canary ? " canary" : "");
}
std::string filter_of(const EventsQuery& query) {
  return "events " + query.device_id.str() + (query.canary ? " canary" : "");
}
std::string filter_of(const RaesQuery& query) { return query.canary ? "raes canary" : "raes"; }

template <class T>
Answer<Query> finish(const ParameterReader& reader, T query) {
  if (reader.problem()) return tl::unexpected(*reader.problem());
  return Query(std::move(query));
}

// The formats a list comes in, by the media types a caller accepts: the first of the best.
Answer<Format> format_of(std::string_view accept) {
  static constexpr std::pair<std::string_view, Format> kTypes[] = {
      {"application/json", Format::kJson},
      {"application/*", Format::kJson},
      {"*/*", Format::kJson},
      {"application/x-ndjson", Format::kNdjson},
      {"text/csv", Format::kCsv},
      {"text/*", Format::kCsv}};
  if (accept.empty()) return Format::kJson;
  std::optional<Format> best;
  int best_quality = 0;
  for (const MediaRange& range : parse_accept(accept)) {
    for (const auto& [type, format] : kTypes) {
      if (range.type != type || range.quality <= best_quality) continue;
      best = format;
      best_quality = range.quality;
    }
  }
  if (best) return *best;
  return tl::unexpected(not_acceptable("application/json, application/x-ndjson, text/csv"));
}

Answer<Query> devices_query(const Target& target, const HttpRequest& request) {
  ParameterReader reader(target);
  DevicesQuery query;
  int count = 0;
  bool watch = false;
  reader.read_filter({"sort", "fields", "count", "canary", "limit", "cursor", "watch"},
                     query.filter);
  reader.read_sort(query.sort.attribute, query.sort.descending);
  reader.read_fields(query.fields);
  reader.read_word("count", {"none", "estimate"}, count);
  query.count = count == 1;
  reader.read_flag("canary", query.canary);
  reader.read_flag("watch", watch);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return DevicePosition::parse(position).has_value();
  });
  query.page.address = reader.address();
  if (reader.problem()) return tl::unexpected(*reader.problem());
  if (watch) {  // one that is_watch() knows is not asked here
    return tl::unexpected(bad_parameter(
        "watch", "1", "a watch is spelled /v1/devices?...watch=1, without percent-encoding"));
  }
  const auto format = format_of(request.accept);
  if (!format) return tl::unexpected(format.error());
  query.format = *format;
  return Query(std::move(query));
}

Answer<Query> device_query(const Target& target, const DeviceId& device_id,
                           const HttpRequest& request) {
  ParameterReader reader(target);
  DeviceQuery query{.device_id = device_id, .if_none_match = request.if_none_match};
  reader.only({"canary", "at"});
  reader.read_flag("canary", query.canary);
  reader.read_time("at", query.at_us);
  return finish(reader, query);
}

// A body's type without its parameters.
bool is_json(std::string_view content_type) {
  const auto types = parse_accept(content_type);
  return types.size() == 1 && (types.front().type == "application/json" ||
                               types.front().type == "application/merge-patch+json");
}

Answer<Query> patch_query(const Target& target, const DeviceId& device_id,
                          const HttpRequest& request) {
  ParameterReader reader(target);
  PatchQuery query{.device_id = device_id, .if_match = request.if_match};
  reader.only({"canary"});
  reader.read_flag("canary", query.canary);
  if (reader.problem()) return tl::unexpected(*reader.problem());
  if (!is_json(request.content_type)) {
    return tl::unexpected(
        unsupported_media_type(request.content_type, "application/merge-patch+json"));
  }
  if (request.if_match.empty()) return tl::unexpected(precondition_required());
  auto patch = parse_patch(request.body);
  if (!patch) return tl::unexpected(patch.error());
  query.patch = std::move(*patch);
  return Query(std::move(query));
}

Answer<Query> events_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  EventsQuery query{.device_id = device_id};
  reader.only({"canary", "limit", "cursor"});
  reader.read_flag("canary", query.canary);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return EventPosition::parse(position).has_value();
  });
  query.page.address = reader.address();
  return finish(reader, std::move(query));
}

Answer<Query> explain_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  ExplainQuery query{.device_id = device_id};
  reader.only({"canary"});
  reader.read_flag("canary", query.canary);
  return finish(reader, query);
}

Answer<Query> timeline_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  TimelineQuery query{.device_id = device_id};
  reader.only({"canary", "from", "to"});
  reader.read_flag("canary", query.canary);
  reader.read_time("from", query.from_us);
  reader.read_time("to", query.to_us);
  return finish(reader, query);
}

Answer<Query> diff_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  DiffQuery query{.device_id = device_id};
  std::optional<std::int64_t> from_us;
  reader.only({"canary", "from", "to"});
  reader.read_flag("canary", query.canary);
  reader.read_time("from", from_us);
  reader.read_time("to", query.to_us);
  if (reader.problem()) return tl::unexpected(*reader.problem());
  if (!from_us) {
    return tl::unexpected(
        bad_parameter("from", "", "from is missing; give a time as microseconds since 1970"));
  }
  query.from_us = *from_us;
  if (query.to_us && *query.to_us <= *from_us) {
    const std::string to = std::to_string(*query.to_us);
    return tl::unexpected(bad_parameter("to", to,
                                        "to=" + to +
                                            " is not after from=" + std::to_string(*from_us) +
                                            "; give a later time, or leave it out for now"));
  }
  return Query(query);
}

Answer<Query> values_query(const Target& target) {
  const std::string& name = target.segments[2];
  ParameterReader reader(target);
  ValuesQuery query{.attribute = find_attribute(name)};
  if (query.attribute == nullptr || !is_counted(*query.attribute)) {
    return tl::unexpected(not_found("the values of " + shown(name) +
                                    " are not counted; /v1/attributes says which are"));
  }
  if (query.attribute->is_labels() && name != "labels") {
    query.label = name.substr(name.find('.') + 1);
  }
  reader.read_filter({"canary"}, query.filter);
  reader.read_flag("canary", query.canary);
  return finish(reader, std::move(query));
}

Answer<Query> attributes_query(const Target& target) {
  if (target.segments.size() == 3) return values_query(target);
  ParameterReader reader(target);
  reader.only({});
  return finish(reader, AttributesQuery());
}

Answer<Query> raes_query(const Target& target) {
  ParameterReader reader(target);
  RaesQuery query;
  reader.only({"canary", "limit", "cursor"});
  reader.read_flag("canary", query.canary);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return RaeSerial::parse(position).has_value();
  });
  query.page.address = reader.address();
  return finish(reader, std::move(query));
}

// Of one device.
bool is_part(std::string_view name) {
  return name == "events" || name == "explain" || name == "timeline" || name == "diff";
}

Answer<Query> part_query(const Target& target, const DeviceId& device_id) {
  const std::string& part = target.segments[3];
  if (part == "explain") return explain_query(target, device_id);
  if (part == "timeline") return timeline_query(target, device_id);
  if (part == "diff") return diff_query(target, device_id);
  return events_query(target, device_id);
}

// A method that is not taken or a path that does not exist is told before what is wrong with the
// parameters.
Problem refusal(const HttpRequest& request, const Problem& problem) {
  const std::size_t question = request.target.find('?');
  if (question == std::string::npos || problem.status == 414) return problem;
  const auto bare = parse_request({.method = request.method,
                                   .target = request.target.substr(0, question),
                                   .authorization = ""});
  const bool more_telling = !bare && (bare.error().status == 404 || bare.error().status == 405);
  return more_telling ? bare.error() : problem;
}

}  // namespace

std::string DevicePosition::str() const { return device_id.str() + value; }

std::optional<DevicePosition> DevicePosition::parse(std::string_view text) {
  constexpr std::size_t kUuidBytes = 36;
  const auto device_id = DeviceId::parse(text.substr(0, kUuidBytes));
  if (!device_id || !is_utf8(text)) return std::nullopt;
  return DevicePosition{*device_id, std::string(text.substr(kUuidBytes))};
}

std::string EventPosition::str() const {
  return std::to_string(place_us) + ":" + rae.str() + ":" + session.str() + ":" +
         std::to_string(timestamp_us);
}

std::optional<EventPosition> EventPosition::parse(std::string_view text) {
  std::string_view parts[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t colon = text.find(':');
    if ((colon == std::string_view::npos) != (i == 3)) return std::nullopt;
    parts[i] = text.substr(0, colon);
    if (i < 3) text.remove_prefix(colon + 1);
  }
  const auto place = to_integer(parts[0]);
  const auto rae = RaeSerial::parse(parts[1]);
  const auto session = SessionId::parse(parts[2]);
  const auto timestamp = to_integer(parts[3]);
  if (!place || !rae || !session || !timestamp) return std::nullopt;
  return EventPosition{*place, *rae, *session, *timestamp};
}

Answer<Query> parse_request(const HttpRequest& request) {
  const auto target = parse_target(request.target);
  if (!target) return tl::unexpected(refusal(request, target.error()));
  const auto& path = target->segments;
  const bool devices = path.size() >= 2 && path.size() <= 4 && path[0] == "v1" &&
                       path[1] == "devices" && (path.size() < 4 || is_part(path[3]));
  const bool raes = path.size() == 2 && path[0] == "v1" && path[1] == "raes";
  const bool attributes =
      (path.size() == 2 || path.size() == 3) && path[0] == "v1" && path[1] == "attributes";
  if (!devices && !raes && !attributes) {
    return tl::unexpected(not_found(
        "there is nothing at this address; there are /v1/devices, /v1/devices/{device_id} with "
        "/events, /explain, /timeline and /diff, /v1/attributes and /v1/raes"));
  }
  const bool one_device = devices && path.size() == 3;
  if (request.method != "GET" && !(one_device && request.method == "PATCH")) {
    return tl::unexpected(method_not_allowed(request.method, one_device ? "GET, PATCH" : "GET"));
  }
  if (raes) return raes_query(*target);
  if (attributes) return attributes_query(*target);
  if (path.size() == 2) return devices_query(*target, request);
  const auto device_id = DeviceId::parse(path[2]);
  if (!device_id) {
    return tl::unexpected(not_found("there is no device " + shown(path[2]) +
                                    "; a device_id is a UUID, /v1/devices lists them"));
  }
  if (!one_device) return part_query(*target, *device_id);
  return request.method == "GET" ? device_query(*target, *device_id, request)
                                 : patch_query(*target, *device_id, request);
}

std::string next_cursor(const DevicesQuery& query, std::string_view position) {
  return encode_cursor(filter_of(query), position);
}
std::string next_cursor(const EventsQuery& query, std::string_view position) {
  return encode_cursor(filter_of(query), position);
}
std::string next_cursor(const RaesQuery& query, std::string_view position) {
  return encode_cursor(filter_of(query), position);
}

std::string_view route_name(const Query& query) {
  static constexpr std::array<std::string_view, std::variant_size_v<Query>> kNames = {
      "/v1/devices",
      "/v1/devices/{device_id}",
      "PATCH /v1/devices/{device_id}",
      "/v1/devices/{device_id}/events",
      "/v1/devices/{device_id}/explain",
      "/v1/devices/{device_id}/timeline",
      "/v1/devices/{device_id}/diff",
      "/v1/attributes",
      "/v1/attributes/{name}",
      "/v1/raes"};
  static_assert(!kNames.back().empty(), "a query has no name");
  return kNames[query.index()];
}

}  // namespace dmp::registry::api
