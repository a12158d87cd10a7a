#include "registry/api/watch_scan.h"

namespace dmp::registry::api {

void WatchScan::start(std::int64_t now_us) {
  seen_.clear();
  looked_us_.fill(now_us);
  looking_us_ = now_us;
}

std::int64_t WatchScan::from(std::int64_t now_us) {
  looking_us_ = now_us;
  reach_ = kReaches.size() - 1;
  // The clock was set back: rows will be stamped below what was looked at.
  if (now_us < looked_us_.front()) return now_us - kReaches.back().overlap.count();
  const auto is_due = [&](std::size_t reach) {
    return now_us - looked_us_[reach] >= kReaches[reach].every.count();
  };
  while (reach_ > 0 && !is_due(reach_)) --reach_;
  return looked_us_[reach_] - kReaches[reach_].overlap.count();
}

bool WatchScan::is_new(const std::string& row, std::int64_t changed_us) {
  if (seen_.size() >= kSeenMax) make_room();
  const auto [known, added] = seen_.try_emplace(row, changed_us);
  if (added) return true;
  if (known->second == changed_us) return false;
  known->second = changed_us;
  return true;
}

// What only looks that go back farther see again goes first; all, if that is not much.
void WatchScan::make_room() {
  const std::int64_t near_us = looked_us_.front() - kReaches.front().overlap.count();
  std::erase_if(seen_, [near_us](const auto& row) { return row.second < near_us; });
  if (seen_.size() > kSeenMax / 2) seen_.clear();
}

void WatchScan::done() {
  for (std::size_t reach = 0; reach <= reach_; ++reach) looked_us_[reach] = looking_us_;
  if (reach_ + 1 < kReaches.size()) return;
  const std::int64_t far_us = looked_us_.back() - kReaches.back().overlap.count();
  std::erase_if(seen_, [far_us](const auto& row) { return row.second < far_us; });
}

}  // namespace dmp::registry::api
