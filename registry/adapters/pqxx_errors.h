// What libpqxx's exceptions mean, and how its connections are made. Pure.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "registry/core/sqlstate.h"

namespace dmp::registry {

// Of the server, unless the user's own string says otherwise; and how much longer than that we wait
// for an answer.
constexpr std::chrono::milliseconds kStatementTimeout{10'000};
constexpr std::chrono::milliseconds kSilenceMargin{2000};

// libpqxx 6.4 gives some exceptions no SQLSTATE; those are told by their type.
SqlError sql_error_of(const std::exception& error);

// The server's text without its severity and its excerpt of the statement.
std::string first_line(std::string_view text);

// `database` (keywords or URI) with bounds on connecting, on silence and on statements. What the
// user's own string says wins.
std::string bounded_connection_string(const std::string& database, const std::string& application);

}  // namespace dmp::registry
