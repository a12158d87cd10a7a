// SnapshotSchedule: when each session's next complete snapshot is due: every 15 min ±10 %, the
// first spread over one interval, so that devices that were found together are not told together.
// Owned by the agent's loop. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "schema/ids.h"

namespace dmp::local {

class SnapshotSchedule {
 public:
  SnapshotSchedule(std::chrono::milliseconds interval, std::uint64_t seed);

  // The sessions that are due, and their next time set. `live`: all sessions; new ones are
  // scheduled, others forgotten.
  std::vector<SessionId> take_due(const std::vector<SessionId>& live, SteadyTime now);
  [[nodiscard]] SteadyTime next_due() const { return next_due_; }

 private:
  std::chrono::milliseconds random_up_to(std::chrono::milliseconds most);

  std::chrono::milliseconds interval_;
  std::uint64_t random_;
  std::map<SessionId, SteadyTime> due_;
  std::vector<SessionId> live_;  // as last told
  SteadyTime next_due_ = SteadyTime::max();
};

}  // namespace dmp::local
