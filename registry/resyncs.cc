#include "registry/resyncs.h"

#include <algorithm>

#include "base/log.h"

namespace dmp::registry {

void Resyncs::tell(const std::vector<Sender>& behind, DeviceStore& store) {
  if (behind.empty()) return;
  std::vector<Sender> due;
  {
    const std::lock_guard lock(mutex_);
    due = pace_.due(behind, {clock_.wall_us()}, clock_.steady());
  }
  if (due.empty()) return;
  std::vector<RaeSerial> raes;
  for (const Sender& sender : due) raes.push_back(sender.rae);
  const auto floors = store.floors(raes);
  if (!floors) {
    metrics_.resyncs_lost.add(static_cast<double>(due.size()));
    log_warning("floors_unknown", {{"raes", due.size()}, {"error", floors.error().message}});
    return;
  }
  for (const Sender& sender : due) {
    const auto held = std::find_if(floors->begin(), floors->end(),
                                   [&](const RaeFloor& each) { return each.rae == sender.rae; });
    if (held == floors->end()) continue;
    const WallTime sent_at{clock_.wall_us()};
    const auto sent = sender_.send({sender.rae,
                                    sender.bridge,
                                    {sent_at, held->floor, held->presence},
                                    {sent_at.us + kExpiry.count()}});
    (sent ? metrics_.resyncs : metrics_.resyncs_lost).add();
    log_warning("resync", {{"rae", sender.rae.str()},
                           {"floor", held->floor.us},
                           {"presence", held->presence.us},
                           {"bridge", sender.bridge},
                           {"error", sent ? "" : sent.error().message}});
  }
}

}  // namespace dmp::registry
