// Text as devices say it, made fit for the contract. Devices lie. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace dmp::local {

// Valid UTF-8 without control characters or outer blanks, at most Limits::kStringBytes.
std::string device_text(std::string_view raw);

// Says nothing: blank, all zero, or a word like "none", "unknown", "null".
bool is_junk(std::string_view text);

// "AA-BB-CC-DD-EE-FF", "aabbccddeeff" -> "aa:bb:cc:dd:ee:ff"; empty if it is no unicast MAC.
std::string mac_text(std::string_view raw);

std::string lower_case(std::string_view text);

// Equal but for the case of ASCII letters.
bool is_same_text(std::string_view one, std::string_view other);

// `pattern` with * for any run of characters, both compared in lower case.
bool glob_matches(std::string_view pattern, std::string_view text);

// Empty if it is not base64.
std::string base64_text(std::string_view encoded);

}  // namespace dmp::local
