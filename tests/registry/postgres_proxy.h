// PostgresProxy: stands between a client and a PostgreSQL and lets executions of prepared
// statements go wrong as planned, as a CockroachDB or a network would.
//
// Speaks the protocol of version 3 without TLS, passwords, pipelines and cancelling. A thread per
// connection; all are gone with the object.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dmp::test {

enum class Fault {
  kNone,
  kRetryUnapplied,      // 40001, and nothing happened
  kRetryApplied,        // 40001, though it is committed
  kAmbiguousUnapplied,  // 40003: result is ambiguous; and nothing happened
  kAmbiguousApplied,    // 40003, and it is committed
  kCutUnapplied,        // the connection ends before the server hears of it
  kCutApplied,          // the connection ends when it is committed, before the client hears of it
  kSlow,                // the answer comes a quarter of a second late
};

class PostgresProxy {
 public:
  // `database`: libpq keywords with a folder of sockets as host.
  explicit PostgresProxy(const std::string& database);
  ~PostgresProxy();
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  // False: it cannot stand before such a server.
  static bool fits(const std::string& database);

  // The way to the same database through here.
  [[nodiscard]] const std::string& connection_string() const { return connection_string_; }

  // What becomes of the next executions, one after the other.
  void plan(const std::vector<Fault>& faults);
  [[nodiscard]] bool plan_is_done() const;

 private:
  struct Connection;

  void accept_all();
  void serve(Connection& connection);
  Fault next_fault();

  std::string socket_path_;
  std::string connection_string_;
  int listener_ = -1;

  mutable std::mutex mutex_;
  std::deque<Fault> plan_;                                // protected by mutex_
  std::vector<std::unique_ptr<Connection>> connections_;  // protected by mutex_
  std::thread acceptor_;
};

}  // namespace dmp::test
