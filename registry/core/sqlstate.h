// What a failed statement means for the batch that caused it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dmp::registry {

enum class SqlFault {
  kTransient,      // hold the batch and try again
  kData,           // one of its records is to blame: find it, put it in dead letters
  kConfiguration,  // somebody must change something; no record is to blame
};

struct SqlError {
  SqlFault fault = SqlFault::kTransient;
  std::string sqlstate;  // empty: none was given (a lost connection)
  std::string message;
};

// Unknown states and an empty one count as transient: a batch is never lost to a surprise.
SqlFault classify_sqlstate(std::string_view sqlstate);

std::string_view name_of(SqlFault fault);

// Its SQLSTATE, or "connection": the error was none of the server's.
std::string label_of(const SqlError& error);

// The database ended a statement that took longer than it may (or somebody cancelled it).
inline constexpr std::string_view kStatementTookTooLong = "57014";

}  // namespace dmp::registry
