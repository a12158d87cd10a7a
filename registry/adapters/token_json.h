// The tokens file's JSON (registry/api/people.h says what it looks like). Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "registry/api/people.h"

namespace dmp::registry {

// Total: any bytes give a TokenSet, or an Error "bad_tokens" that names the entry and the field.
Result<api::TokenSet> parse_tokens(std::string_view json);

}  // namespace dmp::registry
