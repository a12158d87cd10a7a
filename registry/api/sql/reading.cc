#include "registry/api/sql/reading.h"

#include "base/log.h"

namespace dmp::registry::api {

Answer<Rows> read(Reader& reader, const Statement& statement) {
  auto rows = reader.read(statement);
  if (rows) return std::move(*rows);
  // That the database is away is said once, by the service.
  if (rows.error().code != "database_away") {
    log_error("api_read_failed", {{"code", rows.error().code},
                                  {"error", rows.error().message},
                                  {"statement", statement.text}});
  }
  return tl::unexpected(from_error(rows.error()));
}

Problem no_such_device(std::string_view device_id) {
  return not_found("there is no device " + std::string(device_id) +
                   " with a session, or this token may not see it; /v1/devices lists what it may");
}

}  // namespace dmp::registry::api
