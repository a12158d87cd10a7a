// JSON that the API reads: labels from the database. The only file of the API that knows the
// library. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace dmp::registry {

// The string members of an object; nothing of what is no object of strings.
std::map<std::string, std::string> parse_labels(std::string_view json);

}  // namespace dmp::registry
