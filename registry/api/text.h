// Text: what the API reads out of texts in more than one place. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dmp::registry::api {

// Nothing unless all of `text` is a decimal number that fits.
std::optional<std::int64_t> to_integer(std::string_view text);

}  // namespace dmp::registry::api
