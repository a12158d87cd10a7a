// PqxxCloud: reads the registry's tables through libpqxx, from PostgreSQL or CockroachDB.
//
// Connects at the first read and again after an error; read-only. One statement per RAE, so that
// what it answers was so at one moment. Owned by one thread.
#pragma once

#include <memory>
#include <string>

#include "ctl/ports.h"

namespace dmp::ctl {

class PqxxCloud final : public CloudSource {
 public:
  // `database`: libpq connection string or URI.
  explicit PqxxCloud(std::string database);
  ~PqxxCloud() override;

  Result<CloudRecord> read(const RaeSerial& rae, const std::vector<SessionId>& sessions) override;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace dmp::ctl
