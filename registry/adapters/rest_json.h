// JSON that the API reads: labels from the database, bodies of requests. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "registry/api/problem.h"
#include "registry/api/query/device_patch.h"

namespace dmp::registry {

// The string members of an object; nothing of what is no object of strings.
std::map<std::string, std::string> parse_labels(std::string_view json);

// Total: any bytes give a patch that changes something, or a Problem that names the member.
api::Answer<api::DevicePatch> parse_patch(std::string_view json);

}  // namespace dmp::registry
