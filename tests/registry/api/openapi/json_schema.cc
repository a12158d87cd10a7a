// The only file here that includes valijson.
#include "tests/registry/api/openapi/json_schema.h"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace dmp::registry::api {
namespace {

// Callers must take members that they do not know; tests must not.
void close(nlohmann::json& schema) {
  if (schema.is_object() && schema.contains("properties") && schema["properties"].is_object() &&
      !schema.contains("additionalProperties")) {
    schema["additionalProperties"] = false;
  }
  if (!schema.is_structured()) return;
  for (auto& inner : schema) close(inner);
}

}  // namespace

std::string schema_fault(const Json& schema, const std::string& value) {
  const auto parsed = nlohmann::json::parse(value, nullptr, false);
  if (parsed.is_discarded()) return "not JSON";
  nlohmann::json root;
  root["allOf"] = nlohmann::json::array({nlohmann::json::parse(schema.dump())});
  root["components"] = nlohmann::json::parse(document().at("components").dump());
  close(root);
  valijson::Schema compiled;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(root), compiled);
  valijson::ValidationResults results;
  if (valijson::Validator().validate(compiled, valijson::adapters::NlohmannJsonAdapter(parsed),
                                     &results)) {
    return "";
  }
  std::string faults;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& step : error.context) faults += step;
    faults += ": " + error.description + "\n";
  }
  return faults;
}

}  // namespace dmp::registry::api
