// Text: what the API reads out of texts in more than one place. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dmp::registry::api {

// Nothing unless all of `text` is a decimal number that fits.
std::optional<std::int64_t> to_integer(std::string_view text);

// Without spaces and tabs around it.
std::string_view trim(std::string_view text);

// The part before the first `separator`, or all of it; `text` becomes what is behind it.
std::string_view take_until(std::string_view& text, char separator);

// FNV-1a: tells one text from another, not a friend from a foe.
std::uint64_t fnv1a(std::string_view text);

}  // namespace dmp::registry::api
