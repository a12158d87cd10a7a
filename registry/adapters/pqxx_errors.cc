#include "registry/adapters/pqxx_errors.h"

#include <array>
#include <pqxx/pqxx>

namespace dmp::registry {
namespace {

std::string_view sqlstate_of(const std::exception& error) {
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error) != nullptr) return "53300";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) return sql->sqlstate();
  return "";
}

struct Parameter {
  std::string_view name;
  std::string_view keyword_value;
  std::string_view uri_value;
};

constexpr std::array<Parameter, 5> kBounds = {{
    {"connect_timeout", "3", "3"},
    {"keepalives_idle", "15", "15"},
    {"tcp_user_timeout", "15000", "15000"},
    {"options", "'-c statement_timeout=10000 -c client_min_messages=warning'",
     "-c%20statement_timeout%3D10000%20-c%20client_min_messages%3Dwarning"},
    {"application_name", "", ""},
}};

}  // namespace

std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  for (const std::string_view severity : {"ERROR:", "FATAL:"}) {
    if (text.starts_with(severity)) text.remove_prefix(severity.size());
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  return std::string(text);
}

SqlError sql_error_of(const std::exception& error) {
  SqlError converted;
  converted.sqlstate = sqlstate_of(error);
  converted.message = first_line(error.what());
  converted.fault = classify_sqlstate(converted.sqlstate);
  // Password, certificate or role refused while connecting: libpq gives no SQLSTATE for it.
  if (converted.sqlstate.empty() &&
      (converted.message.find("authentication failed") != std::string::npos ||
       converted.message.find("does not exist") != std::string::npos)) {
    converted.fault = SqlFault::kConfiguration;
  }
  return converted;
}

std::string bounded_connection_string(const std::string& database, const std::string& application) {
  const bool is_uri = database.starts_with("postgresql://") || database.starts_with("postgres://");
  std::string text = database;
  for (const Parameter& parameter : kBounds) {
    const std::string name = std::string(parameter.name) + "=";
    if (database.find(name) != std::string::npos) continue;
    const std::string_view value = is_uri ? parameter.uri_value : parameter.keyword_value;
    if (is_uri) {
      text += text.find('?') == std::string::npos ? '?' : '&';
    } else {
      text += ' ';
    }
    text += name;
    text += value.empty() ? std::string_view(application) : value;
  }
  return text;
}

}  // namespace dmp::registry
