// PqxxStore: rows in PostgreSQL or CockroachDB, one autocommit statement per batch.
//
// One thread uses it; interrupt() may come from any.
#pragma once

#include <string>
#include <vector>

#include "registry/adapters/pqxx_link.h"

namespace dmp::registry {

class PqxxStore final : public DeviceStore {
 public:
  // `schema`: other than that of the connection.
  explicit PqxxStore(const std::string& database,
                     const std::string& application = "dmp-registry-ingest",
                     const std::string& schema = {});

  SqlResult<Written> write(const Rows& rows) override;
  SqlResult<void> beat(const std::vector<Beat>& beats) override;
  SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& raes) override;
  void interrupt() override { link_.interrupt(); }

  // As write, as if the rows had been read by this decoder.
  SqlResult<Written> write_as(const Rows& rows, int decoder);

 private:
  PqxxLink link_;
};

}  // namespace dmp::registry
