// SqliteAgent: reads agents' databases through SQLite, while they are written or not.
// Opens each anew, reads it in one read transaction, writes nothing.
#pragma once

#include "ctl/ports.h"

namespace dmp::ctl {

class SqliteAgent final : public AgentSource {
 public:
  Result<AgentRecord> read(const std::string& file) override;
};

}  // namespace dmp::ctl
