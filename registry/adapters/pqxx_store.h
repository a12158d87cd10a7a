// PqxxStore: rows in PostgreSQL or CockroachDB, one autocommit statement per batch.
//
// Connects at the first call and again after any loss: a connection that failed is thrown away
// whole, because libpqxx would revive it without its session. Refuses, as a configuration error, a
// database that lacks migrations.
// One thread uses it; interrupt() may come from any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/ports.h"

namespace dmp::registry {

class PqxxStore final : public DeviceStore {
 public:
  explicit PqxxStore(const std::string& database, std::string application = "dmp-registry-ingest");
  ~PqxxStore() override;

  SqlResult<Written> write(const Rows& rows) override;
  SqlResult<void> beat(const std::vector<Beat>& beats) override;
  SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& raes) override;
  void interrupt() override;

  // As write, as if the rows had been read by this decoder.
  SqlResult<Written> write_as(const Rows& rows, int decoder);

 private:
  struct Connection;

  SqlResult<void> connect();
  void disconnect();
  template <class Do>
  SqlResult<void> guarded(Do&& perform);

  const std::string database_;
  const std::string update_statement_;
  const std::string agent_statement_;
  const std::string beat_statement_;
  const std::string floor_statement_;
  std::unique_ptr<Connection> connection_;

  std::mutex mutex_;
  // Protected by mutex_: a second handle of the connection's socket, so that shutting it down can
  // never meet another file that got the same number.
  int socket_ = -1;
  bool interrupted_ = false;
};

}  // namespace dmp::registry
