// Cursor: where the next page starts, as an opaque word bound to the filter it was made for. Pure.
//
// It is a position, not a permission: every query checks the caller's RAEs again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dmp::registry::api {

// `filter`: everything of the request that decides which rows there are, in a fixed order.
std::string encode_cursor(std::string_view filter, std::string_view position);

// The position. Error "bad_cursor": not one of ours, or made for another filter.
Result<std::string> decode_cursor(std::string_view filter, std::string_view cursor);

}  // namespace dmp::registry::api
