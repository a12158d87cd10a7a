// Scope: which RAEs a caller may see in a request. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dmp::registry::api {

struct Scope {
  std::vector<std::string> rae_patterns;
  bool canary = false;
};

// What scope_sql.h asks the database, so that one reading serves every caller.
bool may_see(const Scope& scope, std::string_view rae);

// As LIKE in SQL, with the escape character `\`.
bool like(std::string_view text, std::string_view pattern);

}  // namespace dmp::registry::api
