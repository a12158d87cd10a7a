// Blockers: why a device cannot be used now, in a sentence. The codes are derived by session_view.
// Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dmp::registry::api {

// What the sentences may name.
struct Evidence {
  std::string_view rae;
  std::string_view holder;
  std::string_view hold_by;
  std::string_view hold_reason;
};

// Every code session_view gives.
std::span<const std::string_view> blocker_codes();

// For a code it does not know (a newer view): the code itself.
std::string blocker_message(std::string_view code, const Evidence& evidence);

}  // namespace dmp::registry::api
