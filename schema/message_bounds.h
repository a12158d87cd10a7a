// What a message may be at most, looked at before any parser: size and depth. Pure; thread-safe.
#pragma once

#include <string_view>

#include "base/result.h"

namespace dmp {

// Errors "too_large" and "bad_field" (nested too deep): see Limits.
Status check_bounds(std::string_view bytes);

}  // namespace dmp
