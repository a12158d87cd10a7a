#include "registry/adapters/rest_json.h"

#include <nlohmann/json.hpp>

namespace dmp::registry {

std::map<std::string, std::string> parse_labels(std::string_view json) {
  std::map<std::string, std::string> labels;
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) return labels;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

}  // namespace dmp::registry
