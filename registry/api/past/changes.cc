#include "registry/api/past/changes.h"

#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

// Each writes a value, null if it says nothing.
void write(JsonWriter& json, const std::string& text) {
  text.empty() ? json.null() : json.string(text);
}
void write(JsonWriter& json, bool flag) { json.boolean(flag); }
void write(JsonWriter& json, std::int32_t number) {
  number == 0 ? json.null() : json.integer(number);
}
void write(JsonWriter& json, WallTime time) { time.us == 0 ? json.null() : json.integer(time.us); }
void write(JsonWriter& json, const DeviceId& id) {
  id.is_nil() ? json.null() : json.string(id.str());
}
template <class Enum>
void write(JsonWriter& json, const Known<Enum>& known) {
  json.string(known.word());
}
template <class Element>
void write(JsonWriter& json, const std::vector<Element>& elements) {
  elements.empty() ? json.null() : json.raw(encode(elements));
}

template <class Fields>
void write_facet_changes(std::string_view facet, const Fields* before, const Fields& now,
                         JsonWriter& json) {
  const Fields nothing{};
  const Fields& old = before == nullptr ? nothing : *before;
  // The same walk over both: the n-th field of one is the n-th of the other.
  std::vector<const void*> old_fields;
  Fields::each(old, [&](FieldNames, const auto& field) { old_fields.push_back(&field); });
  std::size_t i = 0;
  Fields::each(now, [&]<class T>(FieldNames names, const T& field) {
    const T& old_field = *static_cast<const T*>(old_fields[i++]);
    if (field == old_field) return;
    json.begin_object().key("field").string(std::string(facet) + "." + std::string(names.json));
    json.key("old");
    before == nullptr ? void(json.null()) : write(json, old_field);
    json.key("new");
    write(json, field);
    json.end_object();
  });
}

}  // namespace

void write_changes(const Facets& before, const Facets& event, JsonWriter& json) {
  json.begin_array();
  each_facet(event, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>& now) {
    if (!now) return;
    const Fields* old = nullptr;
    each_facet(before, [&]<class Other>(FacetNames, const std::optional<Facet<Other>>& known) {
      if constexpr (std::is_same_v<Fields, Other>) old = known ? &known->fields : nullptr;
    });
    write_facet_changes(names.name, old, now->fields, json);
  });
  json.end_array();
}

void apply(const Facets& event, Facets& facets) {
#define DMP_APPLY_FACET(Type, name, table) \
  if (event.name) facets.name = event.name;
  DMP_FACETS(DMP_APPLY_FACET)
#undef DMP_APPLY_FACET
}

}  // namespace dmp::registry::api
