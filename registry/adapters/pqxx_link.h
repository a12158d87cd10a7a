// PqxxLink: a connection to PostgreSQL or CockroachDB that is made again after any loss.
//
// Connects at the first call. A call fails that waits 2 s longer for one answer than the database
// itself lets a statement take (10 s, unless the session says otherwise). A connection that failed
// is thrown away whole, because libpqxx would revive it without its session. Refuses, as a
// configuration error, a database that lacks migrations. One thread uses it; interrupt() may come
// from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "registry/adapters/silence_watch.h"
#include "registry/ports.h"

namespace pqxx {
class connection_base;
}

namespace dmp::registry {

class PqxxConnection;

class PqxxLink {
 public:
  struct Prepared {
    std::string name;
    std::string text;
  };

  // `session`: performed on every new connection before anything else.
  PqxxLink(const std::string& database, const std::string& application,
           std::vector<Prepared> statements, std::string session = {});
  ~PqxxLink();
  PqxxLink(const PqxxLink&) = delete;
  PqxxLink& operator=(const PqxxLink&) = delete;

  // What libpqxx throws becomes an error here.
  SqlResult<void> with(const std::function<void(pqxx::connection_base&)>& perform);

  // For `perform`, between two statements: the next one may take as long again.
  void answered();

  // Makes a call that is under way, and every later one, fail soon.
  void interrupt();

 private:
  SqlResult<void> connect();

  const std::string database_;
  const std::vector<Prepared> statements_;
  const std::string session_;
  const std::shared_ptr<SilenceWatch> watch_;
  SilenceWatch::Line line_;
  std::unique_ptr<PqxxConnection> connection_;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace dmp::registry
