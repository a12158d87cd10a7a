#include "local-registry/core/resync.h"

namespace dmp::local {

ResyncStep step_after(const Resync& resync, Timestamp last, Timestamp will) {
  const Timestamp latest = latest_at(resync.sent_at);
  // What the cloud itself would have refused it cannot hold: going there would hide us for good.
  if (resync.floor > latest) return ResyncStep::kIgnore;
  if (resync.floor >= last || last > latest) return ResyncStep::kRestart;
  return resync.presence > will ? ResyncStep::kReconnect : ResyncStep::kIgnore;
}

}  // namespace dmp::local
