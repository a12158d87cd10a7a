#include "registry/api/item/item.h"

#include <algorithm>

#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

// How a field of each type of schema/facets.h is selected and written. A type that is not here does
// not compile.
struct AsIs {
  static void select(std::string_view column, std::vector<std::string>& columns) {
    columns.emplace_back(column);
  }
};

template <class T>
struct Field;

template <>
struct Field<std::string> : AsIs {
  static void write(Cells& cells, std::string_view name, ItemSink& sink) {
    if (const auto text = cells.next(); !text.empty()) sink.text(name, text);
  }
};

template <>
struct Field<bool> : AsIs {
  static void write(Cells& cells, std::string_view name, ItemSink& sink) {
    sink.raw(name, is_true(cells.next()) ? "true" : "false");
  }
};

// Numbers of which 0 means: not known.
struct Number : AsIs {
  static void write(Cells& cells, std::string_view name, ItemSink& sink) {
    if (const auto number = cells.next(); !number.empty() && number != "0") {
      sink.raw(name, number);
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
  static void select(std::string_view column, std::vector<std::string>& columns) {
    columns.push_back("CAST(" + std::string(column) + " AS TEXT)");
  }
  static void write(Cells& cells, std::string_view name, ItemSink& sink) {
    if (const auto list = cells.next(); !list.empty() && list != "[]") sink.raw(name, list);
  }
};

// A word this version does not know is `unknown`, with the word beside it in `<name>_text`.
template <class Enum>
struct Field<Known<Enum>> {
  static void select(std::string_view column, std::vector<std::string>& columns) {
    columns.emplace_back(column);
    columns.push_back(std::string(column) + "_text");
  }
  static void write(Cells& cells, std::string_view name, ItemSink& sink) {
    sink.text(name, cells.next());
    if (const auto text = cells.next(); !text.empty()) {
      sink.text(std::string(name) + "_text", text);
    }
  }
};

std::string micros(std::string_view column) {
  return "CAST(extract(epoch FROM " + std::string(column) + ") * 1000000 AS BIGINT)";
}

// Takes what must be read but not written.
class NoSink final : public ItemSink {
 public:
  void begin_group(std::string_view) override {}
  void end_group() override {}
  void text(std::string_view, std::string_view) override {}
  void raw(std::string_view, std::string_view) override {}
  void blockers(std::string_view, const Evidence&) override {}
};

template <class Fields>
void add_facet(std::vector<std::string>& columns, std::string_view facet) {
  const std::string prefix(facet);
  columns.push_back(prefix + "_at");
  columns.push_back(prefix + "_observed_at");
  columns.push_back(prefix + "_source");
  const Fields none{};
  Fields::each(
      none, [&]<class T>(FieldNames names, const T&) { Field<T>::select(names.column, columns); });
}

// Reads the facet's cells whether it was received or not; writes it only if it was.
template <class Fields>
void write_facet(Cells& cells, std::string_view facet, ItemSink& sink) {
  const bool received = cells.next() != "0";
  NoSink unused;
  ItemSink& out = received ? sink : unused;
  out.begin_group(facet);
  const std::string_view observed_at = cells.next();
  const std::string_view source = cells.next();
  const Fields none{};
  Fields::each(
      none, [&]<class T>(FieldNames names, const T&) { Field<T>::write(cells, names.json, out); });
  if (observed_at != "0") out.raw("observed_at", observed_at);
  if (!source.empty()) out.text("source", source);
  out.end_group();
}

// Every facet but presence, which is shown instead of copied; visit.operator()<Fields>(name).
template <class Visit>
void each_copied_facet(Visit&& visit) {
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    if constexpr (!std::is_same_v<Fields, Presence>) visit.template operator()<Fields>(names.name);
  });
}

constexpr std::string_view kPresenceColumns[] = {"doubt",
                                                 "shown_status",
                                                 "shown_reason",
                                                 "presence_status_text",
                                                 "presence_changed_at",
                                                 "presence_observed_at",
                                                 "presence_source"};

void write_presence(Cells& cells, ItemSink& sink) {
  const bool doubted = !cells.next().empty();
  sink.begin_group("presence");
  sink.text("status", cells.next());
  Field<std::string>::write(cells, "reason", sink);
  const std::string_view text = cells.next();
  const std::string_view changed_at = cells.next();
  if (!doubted && !text.empty()) sink.text("status_text", text);
  if (!doubted && changed_at != "0") sink.raw("changed_at", changed_at);
  Number::write(cells, "observed_at", sink);
  Field<std::string>::write(cells, "source", sink);
  sink.end_group();
}

void write_blockers(Cells& cells, ItemSink& sink) {
  const std::string_view codes = cells.next();
  Evidence evidence;
  evidence.rae = cells.next();
  evidence.holder = cells.next();
  evidence.hold_by = cells.next();
  evidence.hold_reason = cells.next();
  sink.raw("schedulable", codes.empty() ? "true" : "false");
  sink.blockers(codes, evidence);
}

// What the cloud owns, and when it last heard of the RAE.
void add_cloud(std::vector<std::string>& columns) {
  for (const char* column : {"CAST(labels AS TEXT)", "note", "held", "hold_by", "hold_reason"}) {
    columns.emplace_back(column);
  }
  columns.push_back(micros("hold_until"));
  columns.emplace_back("revision");
  columns.emplace_back("rae_last_heard_at");
}

const std::string& first_received_column() {
  static const std::string kColumn = micros("first_received_at");
  return kColumn;
}

void write_cloud(Cells& cells, ItemSink& sink) {
  if (const auto labels = cells.next(); labels != "{}") sink.raw("labels", labels);
  Field<std::string>::write(cells, "note", sink);
  const bool held = is_true(cells.next());
  NoSink unused;
  ItemSink& hold = held ? sink : unused;
  hold.begin_group("hold");
  Field<std::string>::write(cells, "by", hold);
  Field<std::string>::write(cells, "reason", hold);
  Number::write(cells, "until_at", hold);
  hold.end_group();
  sink.raw("revision", cells.next());
  Number::write(cells, "rae_last_heard_at", sink);
}

const std::vector<std::string>& item_column_list() {
  static const std::vector<std::string> kColumns = [] {
    std::vector<std::string> columns = {
        "device_id", "device_session_id", "rae",     "array_to_string(blockers, ',')",
        "rae",       "usage_holder",      "hold_by", "hold_reason"};
    columns.insert(columns.end(), std::begin(kPresenceColumns), std::end(kPresenceColumns));
    each_copied_facet(
        [&]<class Fields>(std::string_view name) { add_facet<Fields>(columns, name); });
    add_cloud(columns);
    columns.push_back(first_received_column());
    return columns;
  }();
  return kColumns;
}

std::string joined(const std::vector<std::string>& columns) {
  std::string text;
  for (const std::string& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text;
}

}  // namespace

const std::string& item_columns() {
  static const std::string kColumns = joined(item_column_list());
  return kColumns;
}

std::size_t item_column(std::string_view expression) {
  const auto& columns = item_column_list();
  const auto found = std::find(columns.begin(), columns.end(), expression);
  DMP_CHECK(found != columns.end());
  return static_cast<std::size_t>(found - columns.begin());
}

std::size_t item_column_count() { return item_column_list().size(); }

void write_item(Cells cells, ItemSink& sink) {
  Field<DeviceId>::write(cells, "device_id", sink);
  Field<std::string>::write(cells, "device_session_id", sink);
  Field<std::string>::write(cells, "rae", sink);
  write_blockers(cells, sink);
  write_presence(cells, sink);
  each_copied_facet(
      [&]<class Fields>(std::string_view name) { write_facet<Fields>(cells, name, sink); });
  write_cloud(cells, sink);
}

void write_item(Cells cells, JsonWriter& json) {
  const FieldChoice all;
  JsonItem item(all, json);
  write_item(cells, item);
}

void write_session(const Rows& items, std::size_t row, JsonWriter& json) {
  static const std::size_t kWho = item_column("device_session_id");
  static const std::size_t kFirstReceived = item_column(first_received_column());
  static const std::size_t kPresence = item_column(kPresenceColumns[0]);
  Cells who(items, row, kWho);
  Cells first_received(items, row, kFirstReceived);
  Cells presence(items, row, kPresence);
  const FieldChoice all;
  JsonItem session(all, json);
  json.begin_object();
  Field<std::string>::write(who, "device_session_id", session);
  Field<std::string>::write(who, "rae", session);
  json.key("current").boolean(row == 0);
  Number::write(first_received, "first_received_at", session);
  write_presence(presence, session);
  json.end_object();
}

}  // namespace dmp::registry::api
