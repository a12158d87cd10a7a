#include "registry/api/watch_scan.h"

namespace dmp::registry::api {

void WatchScan::start(std::int64_t now_us) {
  seen_.clear();
  looked_us_ = whole_us_ = looking_us_ = now_us;
}

std::int64_t WatchScan::from(std::int64_t now_us) {
  looking_us_ = now_us;
  whole_ = now_us - whole_us_ >= kWholeEvery.count();
  return whole_ ? whole_us_ - kOverlap.count() : looked_us_ - kQuickOverlap.count();
}

bool WatchScan::is_new(const std::string& row, std::int64_t changed_us) {
  if (seen_.size() >= kSeenMax) make_room();
  const auto [known, added] = seen_.try_emplace(row, changed_us);
  if (added) return true;
  if (known->second == changed_us) return false;
  known->second = changed_us;
  return true;
}

// What only looks that go back all the way see again goes first; all, if that is not much.
void WatchScan::make_room() {
  const std::int64_t quick_us = looked_us_ - kQuickOverlap.count();
  std::erase_if(seen_, [quick_us](const auto& row) { return row.second < quick_us; });
  if (seen_.size() > kSeenMax / 2) seen_.clear();
}

void WatchScan::done() {
  looked_us_ = looking_us_;
  if (!whole_) return;
  whole_us_ = looking_us_;
  std::erase_if(seen_,
                [this](const auto& row) { return row.second < whole_us_ - kOverlap.count(); });
}

}  // namespace dmp::registry::api
