// JSON that the API reads: labels from the database, bodies of requests, rules. The only file of
// the API that knows the library. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "registry/api/device/diagnosis.h"
#include "registry/api/problem.h"
#include "registry/api/query/device_patch.h"

namespace dmp::registry {

// The string members of an object; nothing of what is no object of strings.
std::map<std::string, std::string> parse_labels(std::string_view json);

// Total: any bytes give a patch that changes something, or a Problem that names the member.
api::Answer<api::DevicePatch> parse_patch(std::string_view json);

// An array of rules as registry/rules/diagnosis.json has it; an Error names the rule and the
// member.
Result<std::vector<api::Rule>> parse_rules(std::string_view json);

}  // namespace dmp::registry
