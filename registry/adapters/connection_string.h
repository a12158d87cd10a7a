// Whether libpq understands a connection string, before anything connects by it. Pure.
#pragma once

#include <string>

#include "base/result.h"

namespace dmp::registry {

// The error names the setting and the way out, with what libpq says instead of the whole string,
// which may hold a password.
Status check_connection_string(const std::string& setting, const std::string& text);

}  // namespace dmp::registry
