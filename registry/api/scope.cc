#include "registry/api/scope.h"

#include <algorithm>

namespace dmp::registry::api {

bool like(std::string_view text, std::string_view pattern) {
  // Where to go on after a `%` if what follows does not fit.
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_at = 0;
  while (at < text.size()) {
    const bool escaped = wanted + 1 < pattern.size() && pattern[wanted] == '\\';
    const std::size_t literal = wanted + (escaped ? 1 : 0);
    if (wanted < pattern.size() && !escaped && pattern[wanted] == '%') {
      star = ++wanted;
      star_at = at;
    } else if (literal < pattern.size() &&
               ((!escaped && pattern[wanted] == '_') || pattern[literal] == text[at])) {
      wanted = literal + 1;
      ++at;
    } else if (star != std::string_view::npos) {
      wanted = star;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '%') ++wanted;
  return wanted == pattern.size();
}

bool may_see(const Scope& scope, std::string_view rae) {
  if (!scope.canary && rae.starts_with("canary-")) return false;
  return std::any_of(scope.rae_patterns.begin(), scope.rae_patterns.end(),
                     [&](const std::string& pattern) { return like(rae, pattern); });
}

}  // namespace dmp::registry::api
