#include "schema/openapi_facets.h"

#include <map>
#include <nlohmann/json.hpp>

#include "schema/facets.h"
#include "schema/messages.h"
#include "schema/openapi_words.h"

namespace dmp {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
struct Schema;

template <>
struct Schema<std::string> {
  static Json of() { return {{"type", "string"}, {"maxLength", Limits::kStringBytes}}; }
};
template <>
struct Schema<bool> {
  static Json of() { return {{"type", "boolean"}}; }
};
template <>
struct Schema<std::int32_t> {
  static Json of() { return {{"type", "integer"}, {"format", "int32"}}; }
};
template <>
struct Schema<WallTime> {
  static Json of() { return {{"$ref", "#/components/schemas/Time"}}; }
};
template <>
struct Schema<DeviceId> {
  static Json of() { return {{"type", "string"}, {"format", "uuid"}}; }
};
template <class Enum>
struct Schema<Known<Enum>> {
  static Json of() { return {{"type", "string"}, {"enum", EnumNames<Enum>::kNames}}; }
};
template <>
struct Schema<Claim> {
  static Json of() { return {{"$ref", "#/components/schemas/Claim"}}; }
};
template <>
struct Schema<Interface> {
  static Json of() { return {{"$ref", "#/components/schemas/Interface"}}; }
};
template <>
struct Schema<HealthReason> {
  static Json of() { return {{"$ref", "#/components/schemas/HealthReason"}}; }
};
template <class Element>
struct Schema<std::vector<Element>> {
  static Json of() {
    return {{"type", "array"}, {"maxItems", Limits::kArrayItems}, {"items", Schema<Element>::of()}};
  }
};

template <class T>
struct IsKnown : std::false_type {};
template <class Enum>
struct IsKnown<Known<Enum>> : std::true_type {};

// What a field means, where its name does not say it all.
Json described(Json schema, const std::string& field) {
  const std::string_view words = field_words(field);
  if (!words.empty()) schema["description"] = words;
  return schema;
}

std::string capitalised(std::string_view name) {
  std::string text(name);
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

template <class Fields>
Json facet_schema(const std::string& facet) {
  Json properties = Json::object();
  const Fields none{};
  Fields::each(none, [&]<class T>(FieldNames names, const T&) {
    const std::string field(names.json);
    properties[field] = described(Schema<T>::of(), facet + "." + field);
    if constexpr (IsKnown<T>::value) {
      properties[field + "_text"] = described(Schema<std::string>::of(), "_text");
    }
  });
  properties["observed_at"] = described(Schema<WallTime>::of(), "observed_at");
  properties["source"] = described(Schema<std::string>::of(), "source");
  return described({{"type", "object"}, {"properties", properties}}, facet);
}

template <class Element>
Json element_schema(const std::string& name) {
  Json properties = Json::object();
  const Element none{};
  Element::each(none, [&]<class T>(std::string_view field, const T&) {
    properties[std::string(field)] = described(Schema<T>::of(), name + "." + std::string(field));
  });
  return described({{"type", "object"}, {"properties", properties}}, name);
}

// An object's text without its braces.
std::string members_of(const Json& object) {
  const std::string text = object.dump();
  return text.substr(1, text.size() - 2);
}

}  // namespace

std::string facet_schemas() {
  Json schemas = Json::object();
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    schemas[capitalised(names.name)] = facet_schema<Fields>(std::string(names.name));
  });
  schemas["Claim"] = element_schema<Claim>("claim");
  schemas["Interface"] = element_schema<Interface>("interface");
  schemas["HealthReason"] = element_schema<HealthReason>("health_reason");
  return members_of(schemas);
}

std::string facet_members() {
  Json members = Json::object();
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    members[std::string(names.name)]["$ref"] = "#/components/schemas/" + capitalised(names.name);
  });
  return members_of(members);
}

}  // namespace dmp
