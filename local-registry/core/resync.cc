#include "local-registry/core/resync.h"

#include <algorithm>

namespace dmp::local {

std::optional<Timestamp> foreign_stamp(const Confirm& confirm, Timestamp last) {
  const Timestamp latest = latest_at(confirm.sent_at);
  std::optional<Timestamp> greatest;
  for (const std::string& correlation : confirm.stored) {
    const Timestamp stamp = stamp_of(correlation);
    if (stamp > last && stamp <= latest) greatest = std::max(greatest.value_or(stamp), stamp);
  }
  return greatest;
}

ResyncStep step_after(const Resync& resync, Timestamp last, Timestamp will) {
  const Timestamp latest = latest_at(resync.sent_at);
  // What the cloud itself would have refused it cannot hold: going there would hide us for good.
  if (resync.floor > latest) return ResyncStep::kIgnore;
  if (resync.floor >= last || last > latest) return ResyncStep::kRestart;
  return resync.presence > will ? ResyncStep::kReconnect : ResyncStep::kIgnore;
}

}  // namespace dmp::local
