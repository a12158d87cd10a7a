// PqxxScratch: the tables of a replay in a schema of their own, `dmp_verify_{seconds}_{random}`.
//
// The destructor drops the schema; what a killed process left is dropped by the next one a day
// later. The database user needs the right to make schemas.
#pragma once

#include <memory>
#include <string>

#include "registry/adapters/pqxx_store.h"
#include "registry/core/retention.h"
#include "registry/verify.h"

namespace dmp::registry {

class PqxxScratch final : public Scratch {
 public:
  static SqlResult<std::unique_ptr<PqxxScratch>> make(const std::string& database,
                                                      const Retention& retention, WallTime now);
  ~PqxxScratch() override;

  DeviceStore& store() override { return store_; }
  SqlResult<std::vector<Difference>> compare() override;
  SqlResult<void> allow_rereading() override;

  [[nodiscard]] const std::string& schema() const { return schema_; }

 private:
  PqxxScratch(const std::string& database, std::string schema, const Retention& retention,
              WallTime now);

  SqlResult<void> create();

  const std::string database_;
  const std::string schema_;
  const Retention retention_;
  const WallTime now_;
  bool made_ = false;  // or may be
  PqxxLink link_;
  PqxxStore store_;
};

}  // namespace dmp::registry
