#include "registry/api/watch/watch_query.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "registry/api/query/accept.h"
#include "registry/api/query/item_rows.h"
#include "registry/api/query/parameters.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kMoving = "rae_last_heard_at";

// Leaves out what moves with every heartbeat.
class WatchItem final : public ItemSink {
 public:
  explicit WatchItem(ItemSink& inner) : inner_(inner) {}

  void begin_group(std::string_view name) override { inner_.begin_group(name); }
  void end_group() override { inner_.end_group(); }
  void text(std::string_view name, std::string_view value) override { inner_.text(name, value); }
  void raw(std::string_view name, std::string_view json) override {
    if (name != kMoving) inner_.raw(name, json);
  }
  void blockers(std::string_view codes, const Evidence& evidence) override {
    inner_.blockers(codes, evidence);
  }

 private:
  ItemSink& inner_;
};

std::string item_json(const FieldChoice& fields, const Rows& rows, std::size_t row) {
  JsonWriter json;
  json.begin_object();
  JsonItem chosen(fields, json);
  WatchItem item(chosen);
  write_item(Cells(rows, row), item);
  json.end_object();
  return std::move(json).take();
}

bool takes_events(std::string_view accept) {
  if (accept.empty()) return true;
  const auto ranges = parse_accept(accept);
  return std::any_of(ranges.begin(), ranges.end(), [](const MediaRange& range) {
    return range.quality > 0 &&
           (range.type == "text/event-stream" || range.type == "text/*" || range.type == "*/*");
  });
}

bool asks_to_watch(const Target& target) {
  return std::any_of(target.parameters.begin(), target.parameters.end(),
                     [](const Parameter& parameter) {
                       return parameter.name == "watch" && parameter.value == "1";
                     });
}

// As the edge knows a watch, which gives its streams slots of their own.
bool is_spelled_plainly(std::string_view target) {
  return target.starts_with("/v1/devices?") && target.find("watch=1") != std::string_view::npos;
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

bool is_watch(const HttpRequest& request) {
  if (request.method != "GET" || !is_spelled_plainly(request.target)) return false;
  const auto target = parse_target(request.target);
  return target && asks_to_watch(*target);
}

Answer<WatchQuery> parse_watch(const HttpRequest& request) {
  const auto target = parse_target(request.target);
  if (!target) return tl::unexpected(target.error());
  ParameterReader reader(*target);
  WatchQuery query{.last_event_id = request.last_event_id};
  reader.read_filter({"watch", "fields", "canary"}, query.filter);
  reader.read_fields(query.fields);
  reader.read_flag("canary", query.canary);
  if (reader.problem()) return tl::unexpected(*reader.problem());
  if (std::count(query.fields.names.begin(), query.fields.names.end(), kMoving) != 0) {
    return tl::unexpected(bad_parameter(
        "fields", kMoving,
        "a watch does not carry rae_last_heard_at, which moves with every heartbeat; leave it out "
        "and ask /v1/raes for it"));
  }
  auto& names = query.fields.names;  // without it nobody could tell whose they are
  if (!names.empty() && std::count(names.begin(), names.end(), "device_id") == 0) {
    names.insert(names.begin(), "device_id");
  }
  if (!takes_events(request.accept)) return tl::unexpected(not_acceptable("text/event-stream"));
  return query;
}

std::optional<std::string> item_of(const WatchQuery& query, const Scope& scope, const Rows& rows,
                                   std::size_t begin, std::size_t end) {
  const auto row = visible_row(query.filter, scope, rows, begin, end);
  return row ? std::optional(item_json(query.fields, rows, *row)) : std::nullopt;
}

std::string view_name(const WatchQuery& query, const Scope& scope) {
  constexpr char kNul = '\0';  // no value can hold one
  std::string name = query.filter.str() + kNul;
  for (const std::string& field : query.fields.names) name += field + kNul;
  name += scope.canary ? "canary" : "";
  for (const std::string& pattern : scope.rae_patterns) name += kNul + pattern;
  return name;
}

std::string event_id(std::string_view view_name, const WatchDigest& digest) {
  return "1-" + hex(fnv1a(view_name)) + "-" + hex(digest.hash) + "-" + hex(digest.items);
}

Answer<WatchDigest> parse_event_id(std::string_view view_name, std::string_view id) {
  constexpr std::size_t kBytes = 2 + 3 * 16 + 2;
  const auto part = [id](std::size_t number) { return from_hex(id.substr(2 + number * 17, 16)); };
  const bool shaped = id.size() == kBytes && id.starts_with("1-") && id[18] == '-' && id[35] == '-';
  const auto hash = shaped ? part(1) : std::nullopt;
  const auto items = shaped ? part(2) : std::nullopt;
  if (hash && items && part(0) == fnv1a(view_name)) return WatchDigest{*hash, *items};
  return tl::unexpected(
      bad_parameter("Last-Event-ID", id,
                    "Last-Event-ID=" + shown(id) +
                        " was not given by this watch; send the id of its newest event with the "
                        "same filter, fields and token, or none to begin with the list"));
}

}  // namespace dmp::registry::api
