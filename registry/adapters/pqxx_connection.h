// PqxxConnection: a libpqxx connection on which no call waits for ever, and that can tell why it
// was lost. Only for adapters' sources. One thread uses it.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "registry/adapters/silence_watch.h"
#include "registry/core/sqlstate.h"

namespace dmp::registry {

// libpqxx keeps libpq's handle to itself, and with it the reason of a loss.
class HandleKeeper : public pqxx::connect_direct {
 public:
  using connect_direct::connect_direct;
  handle do_startconnect(handle before) override;
  handle do_disconnect(handle before) noexcept override;
  // Empty while the connection is there.
  [[nodiscard]] std::string why_lost() const;

 private:
  handle handle_ = nullptr;
};

class PqxxConnection final : public pqxx::connection_base {
 public:
  // Throws what libpqxx throws; `line` must outlive it and is this connection's from now on.
  PqxxConnection(const std::string& text, SilenceWatch::Line& line);
  ~PqxxConnection();
  PqxxConnection(const PqxxConnection&) = delete;
  PqxxConnection& operator=(const PqxxConnection&) = delete;

  // Lets the server be silent `margin` longer than its own timeout of statements. Asks it.
  void limit_by_statement_timeout(std::chrono::milliseconds margin);

  // What an exception of a call on this connection means.
  [[nodiscard]] SqlError error_of(const std::exception& error) const;

 private:
  HandleKeeper keeper_;
  SilenceWatch::Line& line_;
};

// From here to the end of the scope the server is waited for.
class Waiting {
 public:
  explicit Waiting(SilenceWatch::Line& line) : line_(line) {
    line_.wait_begins(std::chrono::steady_clock::now());
  }
  ~Waiting() { line_.wait_ends(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void answered() { line_.answered(); }

 private:
  SilenceWatch::Line& line_;
};

}  // namespace dmp::registry
