#include "registry/api/openapi/openapi.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/check.h"
#include "embedded/openapi_frame.h"
#include "registry/api/item/blockers.h"
#include "registry/api/item/item.h"
#include "registry/api/json_writer.h"
#include "registry/api/query/attribute.h"
#include "schema/messages.h"
#include "schema/openapi_facets.h"

namespace dmp::registry::api {
namespace {

// What the edge may answer to anything, and what the API may besides.
constexpr std::string_view kEdge = R"("400":{"$ref":"#/components/responses/BadRequest"},)"
                                   R"("408":{"$ref":"#/components/responses/RequestTimeout"},)"
                                   R"("414":{"$ref":"#/components/responses/UriTooLong"},)"
                                   R"("429":{"$ref":"#/components/responses/TooManyRequests"},)"
                                   R"("502":{"$ref":"#/components/responses/BadGateway"},)"
                                   R"("503":{"$ref":"#/components/responses/ServiceUnavailable"},)"
                                   R"("504":{"$ref":"#/components/responses/GatewayTimeout"})";
constexpr std::string_view kAlways = R"("401":{"$ref":"#/components/responses/Unauthorized"},)"
                                     R"("500":{"$ref":"#/components/responses/InternalError"},)";
// In a JSON string.
constexpr std::string_view kCurl =
    R"(curl -sS --cacert \"$DMP_PKI/ca.crt\" -H \"Authorization: Bearer $DMP_TOKEN\" \\\n  )";

void write_text(JsonWriter& json) {
  json.key("type").string("string").key("minLength").integer(1);
  json.key("maxLength").integer(Limits::kStringBytes);
}

void write_value_schema(const Attribute& attribute, JsonWriter& json) {
  switch (attribute.kind) {
    case ValueKind::kText:
      return write_text(json);
    case ValueKind::kWord:
    case ValueKind::kCode:
      json.key("type").string("string").key("enum").begin_array();
      for (const std::string_view word : attribute.words) json.string(word);
      json.end_array();
      return;
    case ValueKind::kUuid:
      json.key("type").string("string").key("format").string("uuid");
      return;
    case ValueKind::kSerial:
      json.key("$ref").string("#/components/schemas/Serial");
      return;
    case ValueKind::kNumber:
      json.key("type").string("integer").key("format").string("int64");
      return;
    case ValueKind::kBoolean:
      json.key("type").string("boolean");
      return;
  }
}

// Its name, and the short ones that mean it too.
std::vector<std::string> names_of(const Attribute& attribute) {
  std::vector<std::string> names = {attribute.name};
  const std::size_t dot = attribute.name.find('.');
  if (dot == std::string::npos) return names;
  for (const std::string& name : {attribute.name.substr(dot + 1), attribute.name.substr(0, dot)}) {
    if (find_attribute(name) == &attribute) names.push_back(name);
  }
  return names;
}

std::string without_brackets(JsonWriter& json) {
  std::string text = std::move(json).take();
  return text.substr(1, text.size() - 2);
}

std::string attribute_properties() {
  JsonWriter json;
  json.begin_object();
  for (const Attribute& attribute : attributes()) {
    if (attribute.is_labels()) continue;
    for (const std::string& name : names_of(attribute)) {
      json.key(name).begin_object();
      write_value_schema(attribute, json);
      if (name != attribute.name) json.key("description").string("Short for " + attribute.name);
      json.end_object();
    }
  }
  json.end_object();
  return without_brackets(json);
}

template <class Words>
std::string words_of(const Words& words) {
  JsonWriter json;
  json.begin_array();
  for (const auto& word : words) json.string(word);
  json.end_array();
  return without_brackets(json);
}

// Fields, groups of fields, and short names of attributes: what `fields` takes.
std::set<std::string> field_names() {
  std::set<std::string> names;
  for (const std::string& field : item_fields()) {
    names.insert(field);
    names.insert(field.substr(0, field.find('.')));
  }
  for (const Attribute& attribute : attributes()) {
    if (attribute.is_labels() || attribute.name == "held") continue;
    for (const std::string& name : names_of(attribute)) names.insert(name);
  }
  return names;
}

std::vector<std::string> sort_names() {
  std::set<std::string> names;
  for (const Attribute* attribute : sort_attributes()) {
    for (const std::string& name : names_of(*attribute)) names.insert(name);
  }
  std::vector<std::string> both(names.begin(), names.end());
  for (const std::string& name : names) both.push_back("-" + name);
  return both;
}

// REQUIRES: `mark` stands in `text`.
void replace_all(std::string& text, std::string_view mark, std::string_view with) {
  std::size_t at = text.find(mark);
  DMP_CHECK(at != std::string::npos);
  for (; at != std::string::npos; at = text.find(mark, at + with.size())) {
    text.replace(at, mark.size(), with);
  }
}

std::string make_document() {
  std::string text(embedded::openapi_frame.front().text);
  replace_all(text, R"("@always": 0)", std::string(kAlways) + std::string(kEdge));
  replace_all(text, R"("@edge": 0)", kEdge);
  replace_all(text, R"("@attributes": 0)", attribute_properties());
  replace_all(text, R"("@facet_schemas": 0)", facet_schemas());
  replace_all(text, R"("@facet_members": 0)", facet_members());
  replace_all(text, R"("@blocker_codes")", words_of(blocker_codes()));
  replace_all(text, R"("@field_names")", words_of(field_names()));
  replace_all(text, R"("@sort_names")", words_of(sort_names()));
  replace_all(text, "@curl ", kCurl);
  replace_all(text, "@version", DMP_VERSION);
  return text;
}

}  // namespace

const std::string& openapi_document() {
  static const std::string kDocument = make_document();
  return kDocument;
}

}  // namespace dmp::registry::api
