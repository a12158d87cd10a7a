#include "registry/api/item/facets_json.h"

#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

// How a field of each type is selected, how its cells become the JSON that decode_facets reads, and
// how its value is shown.
struct OneColumn {
  static void select(const std::string& column, std::string& columns) { columns += ", " + column; }
};

template <class T>
struct Field;

template <>
struct Field<std::string> : OneColumn {
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    if (const auto text = cells.next(); !text.empty()) json.key(name).string(text);
  }
  static void show(const std::string& text, std::string_view name, JsonWriter& json) {
    if (!text.empty()) json.key(name).string(text);
  }
};

template <>
struct Field<DeviceId> : OneColumn {
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    Field<std::string>::copy(cells, name, json);
  }
  static void show(const DeviceId& id, std::string_view name, JsonWriter& json) {
    if (!id.is_nil()) json.key(name).string(id.str());
  }
};

template <>
struct Field<bool> : OneColumn {
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    json.key(name).boolean(is_true(cells.next()));
  }
  static void show(bool flag, std::string_view name, JsonWriter& json) {
    json.key(name).boolean(flag);
  }
};

// Numbers of which 0 means: not known.
struct Number : OneColumn {
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    if (const auto number = cells.next(); number != "0") json.key(name).raw(number);
  }
  static void show(std::int64_t number, std::string_view name, JsonWriter& json) {
    if (number != 0) json.key(name).integer(number);
  }
};
template <>
struct Field<std::int32_t> : Number {};
template <>
struct Field<WallTime> : Number {
  static void show(WallTime time, std::string_view name, JsonWriter& json) {
    Number::show(time.us, name, json);
  }
};

template <class Element>
struct Field<std::vector<Element>> {
  static void select(const std::string& column, std::string& columns) {
    columns += ", CAST(" + column + " AS TEXT)";
  }
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    json.key(name).raw(cells.next());
  }
  static void show(const std::vector<Element>& list, std::string_view name, JsonWriter& json) {
    if (!list.empty()) json.key(name).raw(encode(list));
  }
};

// A word this version does not know is `unknown`, with the word beside it.
template <class Enum>
struct Field<Known<Enum>> {
  static void select(const std::string& column, std::string& columns) {
    columns += ", " + column + ", " + column + "_text";
  }
  static void copy(Cells& cells, std::string_view name, JsonWriter& json) {
    const std::string_view word = cells.next();
    const std::string_view text = cells.next();
    json.key(name).string(text.empty() ? word : text);
  }
  static void show(const Known<Enum>& known, std::string_view name, JsonWriter& json) {
    json.key(name).string(enum_name(known.value));
    if (!known.text.empty()) json.key(std::string(name) + "_text").string(known.text);
  }
};

template <class Fields>
void copy_facet(std::string_view facet, Cells& cells, JsonWriter& json) {
  const std::string_view stamp = cells.next();
  JsonWriter unused;
  JsonWriter& out = stamp == "0" ? unused : json;
  out.key(facet).begin_object().key("timestamp").raw(stamp);
  Number::copy(cells, "observed_at", out);
  Field<std::string>::copy(cells, "source", out);
  const Fields none{};
  Fields::each(
      none, [&]<class T>(FieldNames names, const T&) { Field<T>::copy(cells, names.json, out); });
  out.end_object();
}

}  // namespace

const std::string& facet_columns() {
  static const std::string kColumns = [] {
    std::string columns;
    const Facets none;
    each_facet(none, [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>&) {
      const std::string table = facet.table == "device_session" ? "s." : "t.";
      for (const char* column : {"_at", "_observed_at", "_source"}) {
        columns += ", " + table + std::string(facet.name) + column;
      }
      const Fields empty{};
      Fields::each(empty, [&]<class T>(FieldNames names, const T&) {
        Field<T>::select(table + std::string(names.column), columns);
      });
    });
    return columns.substr(2);
  }();
  return kColumns;
}

std::optional<Facets> read_facets(Cells& cells) {
  JsonWriter json;
  json.begin_object();
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    copy_facet<Fields>(names.name, cells, json);
  });
  auto facets = decode_facets(std::move(json.end_object()).take());
  return facets ? std::optional(std::move(*facets)) : std::nullopt;
}

void write_facets(const Facets& facets, JsonWriter& json) {
  each_facet(facets,
             [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>& known) {
               if (!known) return;
               json.key(facet.name).begin_object();
               Fields::each(known->fields, [&]<class T>(FieldNames names, const T& value) {
                 Field<std::remove_const_t<T>>::show(value, names.json, json);
               });
               Number::show(known->observed_at.us, "observed_at", json);
               Field<std::string>::show(known->source, "source", json);
               json.end_object();
             });
}

}  // namespace dmp::registry::api
