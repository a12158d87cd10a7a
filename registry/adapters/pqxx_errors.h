// What libpqxx's exceptions mean, and how its connections are made. Pure.
#pragma once

#include <exception>
#include <string>

#include "registry/core/sqlstate.h"

namespace dmp::registry {

// libpqxx 6.4 gives some exceptions no SQLSTATE; those are told by their type.
SqlError sql_error_of(const std::exception& error);

// `database` (keywords or URI) with bounds on connecting, on silence and on statements. What the
// user's own string says wins.
std::string bounded_connection_string(const std::string& database, const std::string& application);

}  // namespace dmp::registry
