// The served OpenAPI document, walked by tests.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace dmp::registry::api {

using Json = nlohmann::ordered_json;

struct Operation {
  std::string method;  // "GET"
  std::string path;    // "/v1/devices/{device_id}"
  const Json* json = nullptr;
  std::vector<const Json*> parameters;  // resolved; of the path too

  [[nodiscard]] std::set<std::string> parameter_names(const std::string& place) const;
  [[nodiscard]] std::set<std::string> statuses() const;
};

const Json& document();
const std::vector<Operation>& operations();

// What a "$ref" stands for; what is none stands for itself.
const Json& resolved(const Json& json);

// Adds to `found` every "$ref" in `json`.
void collect_references(const Json& json, std::set<std::string>& found);

// "presence.status" for a group's member, "rae" for a plain one: of the schema's properties.
std::set<std::string> flat_properties(const Json& schema);

// The path with something in place of {device_id} and {name}.
std::string sample_path(const std::string& path);

}  // namespace dmp::registry::api
