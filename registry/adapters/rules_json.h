// Rules of diagnosis as JSON. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/api/device/diagnosis.h"

namespace dmp::registry {

// An array of rules as registry/rules/diagnosis.json has it; an Error names the rule and the
// member.
Result<std::vector<api::Rule>> parse_rules(std::string_view json);

}  // namespace dmp::registry
