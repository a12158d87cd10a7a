#include "registry/api/people.h"

#include <algorithm>

namespace dmp::registry::api {
namespace {

constexpr std::size_t kTokenBytesMax = 512;

}  // namespace

bool TokenSet::add(const std::string& sha256, Principal principal) {
  return principals_.emplace(sha256, std::move(principal)).second;
}

const Principal* TokenSet::find(const std::string& sha256) const {
  const auto found = principals_.find(sha256);
  return found == principals_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  const bool bearer =
      std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), [](char want, char got) {
        return want == (got >= 'A' && got <= 'Z' ? got - 'A' + 'a' : got);
      });
  if (!bearer) return std::nullopt;
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  token = token.substr(0, token.find_last_not_of(' ') + 1);
  if (token.empty() || token.size() > kTokenBytesMax) return std::nullopt;
  return token;
}

std::string like_pattern(std::string_view glob) {
  std::string pattern;
  for (const char c : glob) {
    if (c == '*') {
      pattern += '%';
    } else if (c == '?') {
      pattern += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

}  // namespace dmp::registry::api
