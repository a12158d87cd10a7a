#include "registry/adapters/connection_string.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

#include "base/endpoints.h"

namespace dmp::registry {
namespace {

constexpr const char* kWayOut =
    "; give a connection string such as \"host=127.0.0.1 dbname=dmp user=dmp passfile=FILE\" or "
    "postgresql://dmp@127.0.0.1/dmp";

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// One for each host, by commas; an empty one is the default.
bool are_ports(std::string_view list) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (comma > 0 && !parse_port(list.substr(0, comma))) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

// What libpq quotes may be a password, or the whole string with it.
std::string without_quotes(std::string_view text) {
  text = text.substr(0, text.find_first_of("\"\n"));
  while (text.ends_with(' ') || text.ends_with(':')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

Status check_connection_string(const std::string& setting, const std::string& text) {
  const auto refused = [&](const std::string& why) {
    return fail("bad_setting", "setting " + setting + ": " + why + kWayOut);
  };
  if (text.empty()) return refused("is empty");
  char* why = nullptr;
  const Options options(PQconninfoParse(text.c_str(), &why), PQconninfoFree);
  if (!options) {
    const std::string reason = why == nullptr ? "libpq cannot read it" : without_quotes(why);
    PQfreemem(why);
    return refused(reason);
  }
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (std::string_view(each->keyword) != "port" || each->val == nullptr) continue;
    if (!are_ports(each->val)) {
      return refused("port '" + std::string(each->val) + "' is not between 1 and 65535");
    }
  }
  return {};
}

}  // namespace dmp::registry
