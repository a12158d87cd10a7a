// JsonReader: takes the fields out of one JSON object of a file people write, and keeps the first
// thing that is wrong with it. For files read once, at start; owned by whoever reads.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace dmp::local {

class JsonReader {
 public:
  // `object` outlives it.
  explicit JsonReader(const nlohmann::json& object) : object_(object) {}

  void refuse(const std::string& why) {
    if (error_.empty()) error_ = why;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

  // Refuses fields that nobody reads: a typing error must not pass as "not there".
  void known(std::initializer_list<std::string_view> names) {
    if (!object_.is_object()) return refuse("expected an object");
    for (const auto& [name, value] : object_.items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        refuse("unknown field '" + name + "'");
      }
    }
  }

  // A field that is not there leaves `out` as it is.
  template <class Value>
  void read(const std::string& name, Value& out) {
    if (!object_.is_object() || !object_.contains(name)) return;
    try {
      out = object_.at(name).get<Value>();
    } catch (const nlohmann::json::exception&) {
      refuse("field '" + name + "' has the wrong type: " + object_.at(name).dump().substr(0, 80));
    }
  }

 private:
  const nlohmann::json& object_;
  std::string error_;
};

}  // namespace dmp::local
