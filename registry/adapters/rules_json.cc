#include "registry/adapters/rules_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "registry/api/item/blockers.h"
#include "registry/api/item/item.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kCauses[] = {"device", "lan", "rae", "platform", "user"};

tl::unexpected<Error> bad_rule(const std::string& place, const std::string& expected) {
  return fail("bad_rules", place + ": expected " + expected);
}

std::string text_of(const Json& entry, const char* member) {
  const auto found = entry.find(member);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : "";
}

Status read_conditions(const Json& when, const std::string& place, api::Rule& rule) {
  if (!when.is_object()) return bad_rule(place, "an object of field and regular expression");
  const auto& fields = api::item_fields();
  for (const auto& [field, expression] : when.items()) {
    if (std::count(fields.begin(), fields.end(), field) == 0 || !expression.is_string()) {
      return bad_rule(place + "." + field, "a field of a device and a regular expression");
    }
    try {
      rule.when.emplace_back(field, std::regex(expression.get<std::string>()));
    } catch (const std::regex_error& error) {
      return bad_rule(place + "." + field, std::string("a regular expression: ") + error.what());
    }
  }
  return {};
}

Result<api::Rule> read_rule(const Json& entry, const std::string& place) {
  if (!entry.is_object()) return bad_rule(place, "an object");
  api::Rule rule{.name = text_of(entry, "rule"),
                 .blocker = text_of(entry, "blocker"),
                 .when = {},
                 .cause = text_of(entry, "cause"),
                 .advice = text_of(entry, "advice")};
  const auto codes = api::blocker_codes();
  if (rule.name.empty()) return bad_rule(place + ".rule", "a name");
  if (std::find(codes.begin(), codes.end(), rule.blocker) == codes.end()) {
    return bad_rule(place + ".blocker", "the code of a blocker");
  }
  if (std::find(std::begin(kCauses), std::end(kCauses), rule.cause) == std::end(kCauses)) {
    return bad_rule(place + ".cause", "device, lan, rae, platform or user");
  }
  if (rule.advice.empty()) return bad_rule(place + ".advice", "what to do");
  const auto transient = entry.find("transient");
  if (transient == entry.end() || !transient->is_boolean()) {
    return bad_rule(place + ".transient", "true or false");
  }
  rule.transient = transient->get<bool>();
  if (!entry.contains("when")) return rule;
  if (auto read = read_conditions(entry["when"], place + ".when", rule); !read) {
    return tl::unexpected(read.error());
  }
  return rule;
}

}  // namespace

Result<std::vector<api::Rule>> parse_rules(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_array()) return bad_rule("the file", "a JSON array of rules");
  std::vector<api::Rule> rules;
  for (const Json& entry : parsed) {
    auto rule = read_rule(entry, "rule " + std::to_string(rules.size()));
    if (!rule) return tl::unexpected(rule.error());
    rules.push_back(std::move(*rule));
  }
  return rules;
}

}  // namespace dmp::registry
