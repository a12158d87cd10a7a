#include "registry/api/item.h"

#include <charconv>

#include "registry/api/blockers.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

bool is_true(std::string_view cell) { return cell == "t" || cell == "true"; }

// How a field of each type of schema/facets.h is selected and written. A type that is not here does
// not compile.
struct AsIs {
  static std::string select(std::string_view column) { return std::string(column); }
};

template <class T>
struct Field;

template <>
struct Field<std::string> : AsIs {
  static void write(Cells& cells, std::string_view name, JsonWriter& json) {
    if (const auto text = cells.next(); !text.empty()) json.key(name).string(text);
  }
};

template <>
struct Field<bool> : AsIs {
  static void write(Cells& cells, std::string_view name, JsonWriter& json) {
    json.key(name).boolean(is_true(cells.next()));
  }
};

// Numbers of which 0 means: not known.
struct Number : AsIs {
  static void write(Cells& cells, std::string_view name, JsonWriter& json) {
    if (const auto number = cells.next(); !number.empty() && number != "0") {
      json.key(name).raw(number);
    }
  }
};
template <>
struct Field<std::int32_t> : Number {};
template <>
struct Field<WallTime> : Number {};

template <>
struct Field<DeviceId> : Field<std::string> {};

template <class Element>
struct Field<std::vector<Element>> {
  static std::string select(std::string_view column) {
    return "CAST(" + std::string(column) + " AS TEXT)";
  }
  static void write(Cells& cells, std::string_view name, JsonWriter& json) {
    if (const auto list = cells.next(); !list.empty() && list != "[]") json.key(name).raw(list);
  }
};

// A word this version does not know is `unknown`, with the word beside it in `<name>_text`.
template <class Enum>
struct Field<Known<Enum>> {
  static std::string select(std::string_view column) {
    return std::string(column) + ", " + std::string(column) + "_text";
  }
  static void write(Cells& cells, std::string_view name, JsonWriter& json) {
    json.key(name).string(cells.next());
    if (const auto text = cells.next(); !text.empty()) {
      json.key(std::string(name) + "_text").string(text);
    }
  }
};

void add(std::string& columns, std::string_view column) {
  if (!columns.empty()) columns += ", ";
  columns += column;
}

std::string micros(std::string_view column) {
  return "CAST(extract(epoch FROM " + std::string(column) + ") * 1000000 AS BIGINT)";
}

template <class Fields>
void add_facet(std::string& columns, std::string_view facet) {
  const std::string prefix(facet);
  add(columns, prefix + "_at");
  add(columns, prefix + "_observed_at");
  add(columns, prefix + "_source");
  const Fields none{};
  Fields::each(none, [&]<class T>(FieldNames names, const T&) {
    add(columns, Field<T>::select(names.column));
  });
}

// Reads the facet's cells whether it was received or not; writes it only if it was.
template <class Fields>
void write_facet(Cells& cells, std::string_view facet, JsonWriter& json) {
  const bool received = cells.next() != "0";
  JsonWriter unused;
  JsonWriter& out = received ? json.key(facet) : unused;
  out.begin_object();
  const std::string_view observed_at = cells.next();
  const std::string_view source = cells.next();
  const Fields none{};
  Fields::each(
      none, [&]<class T>(FieldNames names, const T&) { Field<T>::write(cells, names.json, out); });
  if (observed_at != "0") out.key("observed_at").raw(observed_at);
  if (!source.empty()) out.key("source").string(source);
  out.end_object();
}

// Every facet but presence, which is shown instead of copied; visit.operator()<Fields>(name).
template <class Visit>
void each_copied_facet(Visit&& visit) {
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    if constexpr (!std::is_same_v<Fields, Presence>) visit.template operator()<Fields>(names.name);
  });
}

constexpr std::string_view kPresenceColumns =
    "doubt, shown_status, shown_reason, presence_status_text, presence_changed_at, "
    "presence_observed_at, presence_source";

void write_presence(Cells& cells, JsonWriter& json) {
  const bool doubted = !cells.next().empty();
  json.key("presence").begin_object().key("status").string(cells.next());
  Field<std::string>::write(cells, "reason", json);
  const std::string_view text = cells.next();
  const std::string_view changed_at = cells.next();
  if (!doubted && !text.empty()) json.key("status_text").string(text);
  if (!doubted && changed_at != "0") json.key("changed_at").raw(changed_at);
  Number::write(cells, "observed_at", json);
  Field<std::string>::write(cells, "source", json);
  json.end_object();
}

void write_blockers(Cells& cells, JsonWriter& json) {
  const std::string_view codes = cells.next();
  Evidence evidence;
  evidence.rae = cells.next();
  evidence.holder = cells.next();
  evidence.hold_by = cells.next();
  evidence.hold_reason = cells.next();
  json.key("schedulable").boolean(codes.empty());
  json.key("blockers").begin_array();
  for (std::size_t begin = 0; begin < codes.size();) {
    const std::size_t end = std::min(codes.find(',', begin), codes.size());
    const std::string_view code = codes.substr(begin, end - begin);
    json.begin_object().key("code").string(code);
    json.key("message").string(blocker_message(code, evidence)).end_object();
    begin = end + 1;
  }
  json.end_array();
}

// What the cloud owns.
std::string cloud_columns() {
  return "CAST(labels AS TEXT), note, held, hold_by, hold_reason, " + micros("hold_until") +
         ", revision";
}

void write_cloud(Cells& cells, JsonWriter& json) {
  if (const auto labels = cells.next(); labels != "{}") json.key("labels").raw(labels);
  Field<std::string>::write(cells, "note", json);
  const bool held = is_true(cells.next());
  JsonWriter unused;
  JsonWriter& hold = held ? json.key("hold") : unused;
  hold.begin_object();
  Field<std::string>::write(cells, "by", hold);
  Field<std::string>::write(cells, "reason", hold);
  Number::write(cells, "until_at", hold);
  hold.end_object();
  json.key("revision").raw(cells.next());
}

std::string make_item_columns() {
  std::string columns = "device_id, device_session_id, rae";
  add(columns, "array_to_string(blockers, ','), rae, usage_holder, hold_by, hold_reason");
  add(columns, kPresenceColumns);
  each_copied_facet([&]<class Fields>(std::string_view name) { add_facet<Fields>(columns, name); });
  add(columns, cloud_columns());
  return columns;
}

}  // namespace

const std::string& item_columns() {
  static const std::string kColumns = make_item_columns();
  return kColumns;
}

void write_item(Cells cells, JsonWriter& json) {
  Field<DeviceId>::write(cells, "device_id", json);
  Field<std::string>::write(cells, "device_session_id", json);
  Field<std::string>::write(cells, "rae", json);
  write_blockers(cells, json);
  write_presence(cells, json);
  each_copied_facet(
      [&]<class Fields>(std::string_view name) { write_facet<Fields>(cells, name, json); });
  write_cloud(cells, json);
}

const std::string& session_columns() {
  static const std::string kColumns = "device_session_id, rae, " + micros("first_received_at") +
                                      ", " + std::string(kPresenceColumns);
  return kColumns;
}

void write_session(Cells& cells, bool current, JsonWriter& json) {
  json.begin_object();
  Field<std::string>::write(cells, "device_session_id", json);
  Field<std::string>::write(cells, "rae", json);
  json.key("current").boolean(current);
  Number::write(cells, "first_received_at", json);
  write_presence(cells, json);
  json.end_object();
}

}  // namespace dmp::registry::api
