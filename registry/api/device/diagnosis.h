// Diagnosis: what a blocker comes from, by rules that are data (registry/rules/diagnosis.json).
//
// A rule is for one blocker. `when` names fields of the device and a regular expression that the
// whole of each value must match; a field that is not there is "". The first rule that fits wins;
// none: the case is not known yet. Immutable, thread-safe.
#pragma once

#include <functional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dmp::registry::api {

struct Rule {
  std::string name;
  std::string blocker;
  std::vector<std::pair<std::string, std::regex>> when;  // field of item_fields, expression
  std::string cause;                                     // device | lan | rae | platform | user
  bool transient = false;                                // goes away without anybody's doing
  std::string advice;
};

// The value of a field of the device, as text.
using FieldText = std::function<std::string(std::string_view field)>;

class RuleBook {
 public:
  explicit RuleBook(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  // Null: no rule fits.
  [[nodiscard]] const Rule* find(std::string_view blocker, const FieldText& text) const;

 private:
  std::vector<Rule> rules_;
};

// The fields of a device that a blocker comes from; names of item_fields and of groups.
std::vector<std::string> evidence_of(std::string_view blocker);

// A case without a rule, as far as cases of the same kind are alike: its blocker, and the text that
// describes it with every number as '#' and every control character as ' ', 64 bytes at most.
std::string shape_of(std::string_view blocker, const FieldText& text);

}  // namespace dmp::registry::api
