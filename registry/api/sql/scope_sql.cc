#include "registry/api/sql/scope_sql.h"

namespace dmp::registry::api {

std::string sql_uuid(Statement& statement, std::string value) {
  return "CAST(" + statement.bind(std::move(value)) + " AS UUID)";
}

std::string sql_text(Statement& statement, std::string value) {
  return "CAST(" + statement.bind(std::move(value)) + " AS TEXT)";
}

std::string sql_bigint(Statement& statement, std::int64_t value) {
  return "CAST(" + statement.bind(std::to_string(value)) + " AS BIGINT)";
}

std::string sql_array(Statement& statement, std::string literal, std::string_view type) {
  return "CAST(" + statement.bind(std::move(literal)) + " AS " + std::string(type) + "[])";
}

std::string within(Statement& statement, const Scope& scope, const std::string& column) {
  std::string predicate = column + " LIKE ANY (" +
                          sql_array(statement, array_literal(scope.rae_patterns), "TEXT") + ")";
  if (!scope.canary) predicate += " AND " + column + " NOT LIKE 'canary-%'";
  return predicate;
}

}  // namespace dmp::registry::api
