#include "registry/api/watch/watch_scan.h"

namespace dmp::registry::api {

namespace {

// No statement is stamped so far ahead.
constexpr std::int64_t kAheadUs = std::int64_t{86'400} * 1'000'000;

}  // namespace

void WatchScan::start(std::int64_t now_us) {
  seen_.clear();
  looked_us_ = again_us_ = looking_us_ = now_us;
}

WatchScan::Stretch WatchScan::everything(std::int64_t now_us) {
  return {now_us - kLags.back().count(), now_us + kAheadUs};
}

std::vector<WatchScan::Stretch> WatchScan::look(std::int64_t now_us) {
  looking_us_ = now_us;
  const bool set_back = now_us < looked_us_;  // the clock: rows come below what was looked at
  again_ = set_back || now_us - again_us_ >= kLookAgainEvery.count();
  if (set_back) return {everything(now_us)};
  std::vector<Stretch> stretches = {{looked_us_ - kOverlap.count(), now_us + kAheadUs}};
  for (const auto& lag : kLags) {
    if (again_) stretches.push_back({again_us_ - lag.count(), now_us - lag.count()});
  }
  return stretches;
}

bool WatchScan::is_new(const std::string& row, std::int64_t changed_us) {
  if (seen_.size() >= kSeenMax) make_room();
  const auto [known, added] = seen_.try_emplace(row, changed_us);
  if (added) return true;
  if (known->second == changed_us) return false;
  known->second = changed_us;
  return true;
}

// What only is looked at again goes first; all, if that is not much.
void WatchScan::make_room() {
  const std::int64_t near_us = looked_us_ - kOverlap.count();
  std::erase_if(seen_, [near_us](const auto& row) { return row.second < near_us; });
  if (seen_.size() > kSeenMax / 2) seen_.clear();
}

void WatchScan::done() {
  looked_us_ = looking_us_;
  if (!again_) return;
  again_us_ = looking_us_;
  const std::int64_t last_us = again_us_ - kLags.back().count();
  std::erase_if(seen_, [last_us](const auto& row) { return row.second < last_us; });
}

}  // namespace dmp::registry::api
