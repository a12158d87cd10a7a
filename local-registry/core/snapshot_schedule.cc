#include "local-registry/core/snapshot_schedule.h"

#include <algorithm>

namespace dmp::local {

SnapshotSchedule::SnapshotSchedule(std::chrono::milliseconds interval, std::uint64_t seed)
    : interval_(interval), random_(seed | 1) {}

std::chrono::milliseconds SnapshotSchedule::random_up_to(std::chrono::milliseconds most) {
  // xorshift64 (Marsaglia 2003); the state is never zero.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto width = static_cast<std::uint64_t>(most.count()) + 1;
  return std::chrono::milliseconds(static_cast<std::int64_t>(random_ % width));
}

std::vector<SessionId> SnapshotSchedule::take_due(const std::vector<SessionId>& live,
                                                  SteadyTime now) {
  if (now < next_due_ && live == live_) return {};
  std::map<SessionId, SteadyTime> next;
  std::vector<SessionId> due;
  for (const SessionId& session : live) {
    const auto known = due_.find(session);
    if (known == due_.end()) {
      next[session] = now + random_up_to(interval_);
    } else if (known->second > now) {
      next[session] = known->second;
    } else {
      due.push_back(session);
      next[session] = now + interval_ * 9 / 10 + random_up_to(interval_ / 5);
    }
  }
  due_ = std::move(next);
  live_ = live;
  next_due_ = SteadyTime::max();
  for (const auto& [session, at] : due_) next_due_ = std::min(next_due_, at);
  return due;
}

}  // namespace dmp::local
