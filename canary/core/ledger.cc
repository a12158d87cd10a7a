#include "canary/core/ledger.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::canary {

bool Ledger::has_room() const {
  return open_.size() < kOpenMax && unacknowledged_ < kUnacknowledgedMax;
}

void Ledger::sent(Timestamp stamp, int message_id, Micros due) {
  DMP_CHECK(has_room() && stamp > last_sent_);
  open_.push_back({stamp, message_id, due, false});
  last_sent_ = stamp;
  ++unacknowledged_;
}

std::optional<Micros> Ledger::acknowledged(int message_id, bool taken) {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Update& update) {
    return update.message_id == message_id && !update.acknowledged;
  });
  if (found == open_.end()) return std::nullopt;
  found->acknowledged = true;
  --unacknowledged_;
  // A message identifier is used again; one that nobody took stays open, that is lost, without it.
  if (!taken) found->message_id = 0;
  return found->due;
}

std::vector<Ledger::Update>::iterator Ledger::find(Timestamp stamp) {
  return std::find_if(open_.begin(), open_.end(),
                      [&](const Update& update) { return update.stamp == stamp; });
}

Ledger::Confirmation Ledger::confirmed(Timestamp stamp) {
  const auto found = find(stamp);
  if (found == open_.end()) {
    const bool was_sent = stamp.is_set() && stamp <= last_sent_;
    return {was_sent ? Word::kAgain : Word::kUnknown, Micros(0)};
  }
  // Kafka may have it before the PUBACK is here; the identifier is then waited for no longer.
  if (!found->acknowledged) --unacknowledged_;
  const Confirmation answer{stamp < last_confirmed_ ? Word::kLate : Word::kFirst, found->due};
  last_confirmed_ = std::max(last_confirmed_, stamp);
  open_.erase(found);
  return answer;
}

bool Ledger::refused(Timestamp stamp) {
  const auto found = find(stamp);
  if (found == open_.end()) return false;
  if (!found->acknowledged) --unacknowledged_;
  open_.erase(found);
  return true;
}

}  // namespace dmp::canary
