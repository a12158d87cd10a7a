#include "tests/registry/api/openapi/openapi_document.h"

#include "registry/api/openapi/openapi.h"

namespace dmp::registry::api {
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

void replace(std::string& text, const std::string& mark, const std::string& with) {
  if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), with);
}

}  // namespace

std::set<std::string> Operation::parameter_names(const std::string& place) const {
  std::set<std::string> names;
  for (const Json* parameter : parameters) {
    if (parameter->at("in") == place) names.insert(parameter->at("name"));
  }
  return names;
}

std::set<std::string> Operation::statuses() const {
  std::set<std::string> all;
  for (const auto& [status, response] : json->at("responses").items()) all.insert(status);
  return all;
}

const Json& document() {
  static const Json kDocument = Json::parse(openapi_document());
  return kDocument;
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> kOperations = [] {
    std::vector<Operation> all;
    for (const auto& [path, item] : document().at("paths").items()) {
      for (const auto& [method, json] : item.items()) {
        if (method == "parameters") continue;
        Operation& operation = all.emplace_back(Operation{upper(method), path, &json, {}});
        for (const Json* holder : {&item, &json}) {
          if (!holder->contains("parameters")) continue;
          for (const Json& one : holder->at("parameters")) {
            operation.parameters.push_back(&resolved(one));
          }
        }
      }
    }
    return all;
  }();
  return kOperations;
}

const Json& resolved(const Json& json) {
  if (!json.is_object() || !json.contains("$ref")) return json;
  return resolved(document().at(Json::json_pointer(json.at("$ref").get<std::string>().substr(1))));
}

void collect_references(const Json& json, std::set<std::string>& found) {
  if (json.is_object() && json.contains("$ref")) found.insert(json.at("$ref"));
  if (!json.is_structured()) return;
  for (const Json& inner : json) collect_references(inner, found);
}

std::set<std::string> flat_properties(const Json& schema) {
  std::set<std::string> names;
  for (const auto& [name, property] : schema.at("properties").items()) {
    const Json& inner = resolved(property);
    if (!inner.contains("properties")) {
      names.insert(name);
      continue;
    }
    for (const auto& [field, ignored] : inner.at("properties").items()) {
      names.insert(name + "." + field);
    }
  }
  return names;
}

std::string sample_path(const std::string& path) {
  std::string text = path;
  replace(text, "{device_id}", "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f");
  replace(text, "{name}", "identity.model");
  return text;
}

}  // namespace dmp::registry::api
