// The description of the facets as columns.
#include "schema/upsert_columns.h"

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace dmp {
namespace {

template <class T>
struct SqlType;
template <>
struct SqlType<std::string> {
  static constexpr std::string_view kName = "TEXT";
};
template <>
struct SqlType<bool> {
  static constexpr std::string_view kName = "BOOL";
};
template <>
struct SqlType<std::int32_t> {
  static constexpr std::string_view kName = "INT4";
};
template <>
struct SqlType<WallTime> {
  static constexpr std::string_view kName = "BIGINT";
};
template <class Kind>
struct SqlType<UuidOf<Kind>> {
  static constexpr std::string_view kName = "UUID";
};
template <class Element>
struct SqlType<std::vector<Element>> {
  static constexpr std::string_view kName = "JSONB";
};

void add_column(FacetColumns& facet, std::string name, std::string_view type) {
  facet.names.push_back(std::move(name));
  facet.types.emplace_back(type);
}

template <class Field>
void add_field(FacetColumns& facet, FieldNames names, const Field&) {
  add_column(facet, std::string(names.column), SqlType<Field>::kName);
}

template <class Enum>
void add_field(FacetColumns& facet, FieldNames names, const Known<Enum>&) {
  add_column(facet, std::string(names.column), "TEXT");
  add_column(facet, std::string(names.column) + "_text", "TEXT");
}

}  // namespace

std::vector<FacetColumns> facet_columns() {
  std::vector<FacetColumns> all;
  const Facets facets;
  each_facet(facets, [&](FacetNames names, const auto& facet) {
    FacetColumns columns{std::string(names.table), std::string(names.name), {}, {}};
    add_column(columns, columns.facet + "_at", "BIGINT");
    add_column(columns, columns.facet + "_observed_at", "BIGINT");
    add_column(columns, columns.facet + "_source", "TEXT");
    const typename std::decay_t<decltype(facet)>::value_type absent;
    std::decay_t<decltype(absent.fields)>::each(
        absent.fields,
        [&](FieldNames field, const auto& value) { add_field(columns, field, value); });
    all.push_back(std::move(columns));
  });
  return all;
}

UnnestColumns session_columns(FacetSet facets) {
  auto columns = kSessionColumns;
  const auto all = facet_columns();
  for (std::size_t f = 0; f < all.size(); ++f) {
    if (!facets[f]) continue;
    const FacetColumns& facet = all[f];
    for (std::size_t i = 0; i < facet.names.size(); ++i) {
      columns.emplace_back(facet.names[i], facet.types[i] == "JSONB" ? "TEXT" : facet.types[i]);
    }
  }
  return columns;
}

}  // namespace dmp
