#include "registry/adapters/pqxx_connection.h"

#include <charconv>
#include <optional>
#include <string_view>

#include <libpq-fe.h>

#include "registry/adapters/pqxx_errors.h"

namespace dmp::registry {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

HandleKeeper::handle HandleKeeper::do_startconnect(handle before) {
  handle_ = connect_direct::do_startconnect(before);
  return handle_;
}

HandleKeeper::handle HandleKeeper::do_disconnect(handle before) noexcept {
  handle_ = nullptr;
  return connect_direct::do_disconnect(before);
}

std::string HandleKeeper::why_lost() const {
  if (handle_ == nullptr || PQstatus(handle_) != CONNECTION_BAD) return {};
  const std::string_view why = PQerrorMessage(handle_);
  return why.empty() ? "the connection was lost" : std::string(why);
}

PqxxConnection::PqxxConnection(const std::string& text, SilenceWatch::Line& line)
    : connection_base(keeper_), keeper_(text), line_(line) {
  init();
  line_.connected(sock());
}

PqxxConnection::~PqxxConnection() {
  line_.disconnected();
  close();
}

void PqxxConnection::limit_by_statement_timeout(std::chrono::milliseconds margin) {
  const auto rows = pqxx::nontransaction(*this).exec(
      "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'");
  const auto timeout = rows.empty() ? std::nullopt : number_in(rows[0][0].c_str());
  if (!timeout) return;
  // Who let statements take as long as they like waits as long as they take.
  line_.set_limit(*timeout == 0 ? std::chrono::milliseconds(0)
                                : std::chrono::milliseconds(*timeout) + margin);
}

SqlError PqxxConnection::error_of(const std::exception& error) const {
  if (const auto silence = line_.silence(); silence.count() > 0) {
    return {SqlFault::kTransient,
            {},
            "the database has not answered for " + std::to_string(silence.count()) +
                " s; see whether its processes are stopped, and its disks and network"};
  }
  SqlError converted = sql_error_of(error);
  if (!converted.sqlstate.empty()) return converted;
  // The library's words are about what it could not do next.
  if (const std::string why = keeper_.why_lost(); !why.empty()) {
    converted.message = first_line(why);
  }
  return converted;
}

}  // namespace dmp::registry
