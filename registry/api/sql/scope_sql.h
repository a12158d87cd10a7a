// What the API's statements are built from: a caller's values as typed placeholders, and the
// caller's RAEs as a predicate. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "registry/api/sql/statements.h"

namespace dmp::registry::api {

std::string sql_uuid(Statement& statement, std::string value);
std::string sql_text(Statement& statement, std::string value);
std::string sql_bigint(Statement& statement, std::int64_t value);
std::string sql_array(Statement& statement, std::string literal, std::string_view type);

// Keeps `column` within the caller's RAEs.
std::string within(Statement& statement, const Scope& scope, const std::string& column);

}  // namespace dmp::registry::api
