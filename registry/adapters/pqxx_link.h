// PqxxLink: a connection to PostgreSQL or CockroachDB that is made again after any loss.
//
// Connects at the first call. A connection that failed is thrown away whole, because libpqxx would
// revive it without its session. Refuses, as a configuration error, a database that lacks
// migrations. One thread uses it; interrupt() may come from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/ports.h"

namespace pqxx {
class connection_base;
}

namespace dmp::registry {

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

  // Makes a call that is under way, and every later one, fail soon: neither `statement_timeout` nor
  // `tcp_user_timeout` ends a statement of a server that was stopped.
  void interrupt();

 private:
  struct Connection;

  SqlResult<void> connect();
  void disconnect();

  const std::string database_;
  const std::vector<Prepared> statements_;
  const std::string session_;
  std::unique_ptr<Connection> connection_;

  std::mutex mutex_;
  // Protected by mutex_: a second handle of the connection's socket, so that shutting it down can
  // never meet another file that got the same number.
  int socket_ = -1;
  bool interrupted_ = false;
};

}  // namespace dmp::registry
