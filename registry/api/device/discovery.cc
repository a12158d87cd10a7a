#include "registry/api/device/discovery.h"

#include <algorithm>

#include "registry/api/query/items_writer.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

void write_words(std::string_view key, const std::vector<std::string_view>& words,
                 JsonWriter& json) {
  json.key(key).begin_array();
  for (const std::string_view word : words) json.string(word);
  json.end_array();
}

void write_attribute(const Attribute& attribute, JsonWriter& json) {
  const auto& sortable = sort_attributes();
  json.begin_object().key("name").string(attribute.is_labels() ? "labels.KEY" : attribute.name);
  json.key("type").string(kind_name(attribute.kind));
  std::vector<std::string_view> operators = operators_of(attribute.kind);
  operators.emplace_back("in");
  write_words("operators", operators, json);
  if (!attribute.words.empty()) write_words("values", attribute.words, json);
  json.key("sortable").boolean(std::count(sortable.begin(), sortable.end(), &attribute) > 0);
  json.key("counted").boolean(is_counted(attribute)).end_object();
}

}  // namespace

HttpResponse answer_attributes() {
  ItemsWriter items;
  for (const Attribute& attribute : attributes()) write_attribute(attribute, items.item());
  return std::move(items).finish(Page(), "");
}

Answer<HttpResponse> answer_values(const ValuesQuery& query, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, attribute_values(query, scope));
  if (!rows) return tl::unexpected(rows.error());
  const bool complete = rows->size() <= static_cast<std::size_t>(kValuesMax);
  JsonWriter json;
  json.begin_object().key("name");
  json.string(query.attribute->name + (query.label.empty() ? "" : "." + query.label));
  json.key("type").string(kind_name(query.attribute->kind)).key("values").begin_array();
  for (std::size_t i = 0; i < rows->size() - (complete ? 0 : 1); ++i) {
    std::string_view value = rows->at(i, 0);
    if (query.attribute->kind == ValueKind::kBoolean) value = value == "t" ? "true" : "false";
    json.begin_object().key("value").string(value).key("count").raw(rows->at(i, 1)).end_object();
  }
  json.end_array().key("complete").boolean(complete).end_object();
  return HttpResponse{.body = std::move(json).take()};
}

}  // namespace dmp::registry::api
