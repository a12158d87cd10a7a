// Ports: where dmpctl reads from. Real ones are in adapters/, fakes in tests/.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ctl/core/comparison.h"

namespace dmp::ctl {

class AgentSource {
 public:
  virtual ~AgentSource() = default;
  // The database of an agent, running or not, as it was at one moment.
  virtual Result<AgentRecord> read(const std::string& file) = 0;
};

class CloudSource {
 public:
  virtual ~CloudSource() = default;
  // Of `rae` at one moment: every session that is shown, and whatever is known of `sessions`.
  virtual Result<CloudRecord> read(const RaeSerial& rae,
                                   const std::vector<SessionId>& sessions) = 0;
};

}  // namespace dmp::ctl
