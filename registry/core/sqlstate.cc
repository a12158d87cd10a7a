#include "registry/core/sqlstate.h"

#include <array>

namespace dmp::registry {
namespace {

struct Rule {
  std::string_view prefix;
  SqlFault fault;
};

// First match counts. https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr std::array<Rule, 9> kRules = {{
    {"21", SqlFault::kData},              // cardinality: a row twice in one statement
    {"22", SqlFault::kData},              // data exception
    {"23", SqlFault::kData},              // integrity constraint
    {"54", SqlFault::kData},              // program limit, e.g. a value too long for its index
    {"0A", SqlFault::kConfiguration},     // feature not supported; also a plan made stale by DDL
    {"25006", SqlFault::kConfiguration},  // read-only server
    {"28", SqlFault::kConfiguration},     // authorisation
    {"3", SqlFault::kConfiguration},      // 3D000, 3F000: no such database or schema
    {"42", SqlFault::kConfiguration},     // syntax, missing table or column, missing privilege
}};

}  // namespace

SqlFault classify_sqlstate(std::string_view sqlstate) {
  for (const Rule& rule : kRules) {
    if (sqlstate.starts_with(rule.prefix)) return rule.fault;
  }
  return SqlFault::kTransient;
}

std::string_view name_of(SqlFault fault) {
  switch (fault) {
    case SqlFault::kTransient:
      return "transient";
    case SqlFault::kData:
      return "data";
    case SqlFault::kConfiguration:
      return "configuration";
  }
  return "";
}

std::string label_of(const SqlError& error) {
  return error.sqlstate.empty() ? "connection" : error.sqlstate;
}

}  // namespace dmp::registry
