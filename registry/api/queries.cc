#include "registry/api/queries.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "registry/api/cursor.h"
#include "schema/messages.h"

namespace dmp::registry::api {
namespace {

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Reads the parameters one by one and keeps the first Problem.
class ParameterReader {
 public:
  explicit ParameterReader(const Target& target) : parameters_(target.parameters) {}

  // Refuses every parameter that is not one of `known`.
  void only(std::initializer_list<std::string_view> known) {
    for (const Parameter& parameter : parameters_) {
      if (std::find(known.begin(), known.end(), parameter.name) != known.end()) continue;
      std::string names;
      for (const std::string_view name : known) {
        names += (names.empty() ? "" : ", ") + std::string(name);
      }
      refuse(parameter,
             "there is no parameter " + shown(parameter.name) + " here; known are " + names);
    }
  }

  void read(std::string_view name, std::optional<bool>& out) {
    const Parameter* found = find(name);
    if (found == nullptr) return;
    if (found->value != "true" && found->value != "false") {
      return refuse(*found, expected(*found, "true or false"));
    }
    out = found->value == "true";
  }

  void read(std::string_view name, std::optional<PresenceStatus>& out) {
    const Parameter* found = find(name);
    if (found == nullptr) return;
    const auto known = Known<PresenceStatus>::parse(found->value);
    if (!known.text.empty() || found->value.empty()) {
      return refuse(*found, expected(*found, "online, standby, offline or unknown"));
    }
    out = known.value;
  }

  void read(std::string_view name, std::optional<std::string>& out) {
    const Parameter* found = find(name);
    if (found == nullptr) return;
    if (found->value.empty() || found->value.size() > Limits::kStringBytes) {
      return refuse(*found, expected(*found, "1 to 256 bytes"));
    }
    out = found->value;
  }

  void read(std::string_view name, std::optional<RaeSerial>& out) {
    const Parameter* found = find(name);
    if (found == nullptr) return;
    const auto serial = RaeSerial::parse(found->value);
    if (!serial)
      return refuse(*found, expected(*found, "a RAE serial, 1 to 64 of A-Z a-z 0-9 . _ -"));
    out = *serial;
  }

  void read_canary(bool& out) {
    const Parameter* found = find("canary");
    if (found == nullptr) return;
    if (found->value != "0" && found->value != "1")
      return refuse(*found, expected(*found, "0 or 1"));
    out = found->value == "1";
  }

  void read_limit(int& out) {
    const Parameter* found = find("limit");
    if (found == nullptr) return;
    const auto number = to_integer(found->value);
    if (!number || *number < 1 || *number > kPageMax) {
      return refuse(*found,
                    expected(*found, "a whole number from 1 to " + std::to_string(kPageMax)));
    }
    out = static_cast<int>(*number);
  }

  // The position must be one `is_position` knows: a cursor can be forged, though not to any use.
  template <class IsPosition>
  void read_cursor(std::string_view filter, std::string& out, IsPosition&& is_position) {
    const Parameter* found = find("cursor");
    if (found == nullptr || problem_) return;
    auto position = decode_cursor(filter, found->value);
    if (!position) {
      problem_ = bad_cursor(found->value, position.error().message);
    } else if (!is_position(*position)) {
      problem_ = bad_cursor(found->value, "the cursor is damaged; take `next` of the page before");
    } else {
      out = std::move(*position);
    }
  }

  template <class T>
  Answer<Query> answer(T query) && {
    if (problem_) return tl::unexpected(std::move(*problem_));
    return Query(std::move(query));
  }

 private:
  const Parameter* find(std::string_view name) const {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const Parameter& known) { return known.name == name; });
    return found == parameters_.end() ? nullptr : &*found;
  }

  static std::string expected(const Parameter& parameter, std::string_view what) {
    return parameter.name + "=" + shown(parameter.value) + " cannot be used; give " +
           std::string(what);
  }

  void refuse(const Parameter& parameter, std::string detail) {
    if (!problem_) problem_ = bad_parameter(parameter.name, parameter.value, std::move(detail));
  }

  std::span<const Parameter> parameters_;
  std::optional<Problem> problem_;
};

// What a cursor is bound to. NUL separates: no value can hold one.
std::string filter_of(const DevicesQuery& query) {
  const auto part = [](const auto& value, const auto& text) {
    return std::string(1, '\0') + (value ? "=" + std::string(text(*value)) : "");
  };
  return "devices" + part(query.presence, [](PresenceStatus status) { return enum_name(status); }) +
         part(query.model, [](const std::string& model) { return model; }) +
         part(query.rae, [](const RaeSerial& rae) { return rae.str(); }) +
         part(query.schedulable, [](bool flag) { return flag ? "true" : "false"; }) +
         (query.canary ? "canary" : "");
}
std::string filter_of(const EventsQuery& query) {
  return "events " + query.device_id.str() + (query.canary ? " canary" : "");
}
std::string filter_of(const RaesQuery& query) { return query.canary ? "raes canary" : "raes"; }

Answer<Query> devices_query(const Target& target) {
  ParameterReader reader(target);
  DevicesQuery query;
  reader.only({"presence", "model", "rae", "schedulable", "canary", "limit", "cursor"});
  reader.read("presence", query.presence);
  reader.read("model", query.model);
  reader.read("rae", query.rae);
  reader.read("schedulable", query.schedulable);
  reader.read_canary(query.canary);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return DeviceId::parse(position).has_value();
  });
  return std::move(reader).answer(std::move(query));
}

Answer<Query> device_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  DeviceQuery query{.device_id = device_id};
  reader.only({"canary"});
  reader.read_canary(query.canary);
  return std::move(reader).answer(query);
}

Answer<Query> events_query(const Target& target, const DeviceId& device_id) {
  ParameterReader reader(target);
  EventsQuery query{.device_id = device_id, .page = {}};
  reader.only({"canary", "limit", "cursor"});
  reader.read_canary(query.canary);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return EventPosition::parse(position).has_value();
  });
  return std::move(reader).answer(std::move(query));
}

Answer<Query> raes_query(const Target& target) {
  ParameterReader reader(target);
  RaesQuery query;
  reader.only({"canary", "limit", "cursor"});
  reader.read_canary(query.canary);
  reader.read_limit(query.page.limit);
  reader.read_cursor(filter_of(query), query.page.after, [](const std::string& position) {
    return RaeSerial::parse(position).has_value();
  });
  return std::move(reader).answer(std::move(query));
}

}  // namespace

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
  if (!target) return tl::unexpected(target.error());
  const auto& path = target->segments;
  const bool devices = path.size() >= 2 && path.size() <= 4 && path[0] == "v1" &&
                       path[1] == "devices" && (path.size() < 4 || path[3] == "events");
  const bool raes = path.size() == 2 && path[0] == "v1" && path[1] == "raes";
  if (!devices && !raes) {
    return tl::unexpected(not_found(
        "there is nothing at this address; there are /v1/devices, /v1/devices/{device_id}, "
        "/v1/devices/{device_id}/events and /v1/raes"));
  }
  if (request.method != "GET") {
    return tl::unexpected(method_not_allowed(request.method, "GET"));
  }
  if (raes) return raes_query(*target);
  if (path.size() == 2) return devices_query(*target);
  const auto device_id = DeviceId::parse(path[2]);
  if (!device_id) {
    return tl::unexpected(not_found("there is no device " + shown(path[2]) +
                                    "; a device_id is a UUID, /v1/devices lists them"));
  }
  return path.size() == 3 ? device_query(*target, *device_id) : events_query(*target, *device_id);
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
  static constexpr std::string_view kNames[] = {"/v1/devices", "/v1/devices/{device_id}",
                                                "/v1/devices/{device_id}/events", "/v1/raes"};
  return kNames[query.index()];
}

}  // namespace dmp::registry::api
