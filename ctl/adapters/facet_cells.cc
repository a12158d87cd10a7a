// The cells become the JSON that the facets travel as, so that the codec is the only reader.
#include "ctl/adapters/facet_cells.h"

#include <nlohmann/json.hpp>

#include "schema/codec.h"
#include "schema/upsert.h"

namespace dmp::ctl {
namespace {

using Json = nlohmann::json;
using Next = std::function<std::string_view()>;

// A number that is not known (0) says nothing.
void put_number(Json& json, std::string_view name, std::string_view cell) {
  if (cell.empty() || cell == "0") return;
  json[std::string(name)] = Json::parse(cell, nullptr, false);
}

void put(Json& json, std::string_view name, const Next& next, const std::string&) {
  json[std::string(name)] = next();
}
void put(Json& json, std::string_view name, const Next& next, bool) {
  json[std::string(name)] = next() == "t";
}
void put(Json& json, std::string_view name, const Next& next, std::int32_t) {
  put_number(json, name, next());
}
void put(Json& json, std::string_view name, const Next& next, WallTime) {
  put_number(json, name, next());
}
void put(Json& json, std::string_view name, const Next& next, const DeviceId&) {
  json[std::string(name)] = next();
}
template <class Enum>
void put(Json& json, std::string_view name, const Next& next, const Known<Enum>&) {
  const std::string word(next());
  const std::string text(next());  // set if this version of the schema does not know the word
  json[std::string(name)] = text.empty() ? word : text;
}
template <class Element>
void put(Json& json, std::string_view name, const Next& next, const std::vector<Element>&) {
  const std::string_view cell = next();
  if (!cell.empty()) json[std::string(name)] = Json::parse(cell, nullptr, false);
}

}  // namespace

std::string facet_select_list() {
  std::string list;
  for (const FacetColumns& facet : facet_columns()) {
    for (std::size_t i = 0; i < facet.names.size(); ++i) {
      if (!list.empty()) list += ", ";
      list += facet.types[i] == "JSONB" ? "CAST(" + facet.names[i] + " AS TEXT)" : facet.names[i];
    }
  }
  return list;
}

Result<Facets> facets_of_cells(const Next& next) {
  Json all = Json::object();
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    Json facet = Json::object();
    put_number(facet, "timestamp", next());
    put_number(facet, "observed_at", next());
    facet["source"] = next();
    const Fields fields{};
    Fields::each(fields,
                 [&](FieldNames field, const auto& type) { put(facet, field.json, next, type); });
    if (facet.contains("timestamp")) all[std::string(names.name)] = std::move(facet);
  });
  return decode_facets(all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace dmp::ctl
