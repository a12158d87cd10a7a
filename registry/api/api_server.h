// ApiServer: the registry's role `api`: /v1 over HTTP on loopback, answered from the database.
//
// run() reads the tokens, opens the port and returns; the API then answers on its own threads.
// While the database is away it stays up and says so: 503 at once, and not ready. Metrics must
// outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/admin_port.h"
#include "base/metrics.h"
#include "base/result.h"
#include "registry/core/retention.h"

namespace dmp::registry {

struct ApiOptions {
  std::string address = "127.0.0.1";   // TLS, limits and rate are the proxy's
  std::int64_t port = 0;               // 0: any free one
  std::string database{};              // libpq connection string or URI
  std::string tokens{};                // file, see registry/api/people.h
  std::int64_t workers = 3;            // each has one database connection
  std::int64_t queue_max = 256;        // requests waiting for a worker; more get 503
  std::int64_t watchers_max = 1500;    // clients that watch; more get 503
  std::int64_t watch_mib_max = 256;    // of all lists that are watched; watches of more get 503
  std::int64_t list_age_max_ms = 500;  // of what is answered from memory; 0: nothing is
  std::int64_t list_mib_max = 512;     // of it; beyond that lists are read from the database
  Retention retention{};               // of the history, as the janitor keeps it
};

class ApiServer {
 public:
  ApiServer(ApiOptions options, Metrics& metrics);
  ~ApiServer();  // stops
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  Status run();

  // Refuses new requests, lets those in work finish for at most 5 s, then closes. Idempotent.
  void stop();

  // Something was written to the database: watches look at once. Thread-safe after run().
  void nudge();

  // Thread-safe; not good before run() and after stop().
  [[nodiscard]] Verdict ready() const;

  // The port it listens on; 0 before run().
  [[nodiscard]] int port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dmp::registry
