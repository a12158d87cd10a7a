#include "registry/core/offset_tracker.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::registry {

void OffsetTracker::assign(const Partition& partition, std::optional<std::int64_t> next) {
  places_[partition] = {next, next};
}

void OffsetTracker::clear() {
  places_.clear();
  waiting_records_ = 0;
  waiting_since_.reset();
  done_since_.reset();
  asked_since_.clear();
}

void OffsetTracker::done(const Partition& partition, std::int64_t next, std::size_t records,
                         SteadyTime now) {
  const auto place = places_.find(partition);
  DMP_CHECK(place != places_.end());
  place->second.next = next;
  waiting_records_ += records;
  if (!waiting_since_) waiting_since_ = now;
  if (!done_since_) done_since_ = now;
}

std::vector<PartitionOffset> OffsetTracker::take_due(SteadyTime now) {
  if (!waiting_since_) return {};
  const bool old = now - *waiting_since_ >= kAgeMax;
  const bool many =
      waiting_records_ >= kRecordsMax && (!last_commit_ || now - *last_commit_ >= kApart);
  if (!old && !many) return {};
  return take_all(now);
}

std::vector<PartitionOffset> OffsetTracker::take_all(SteadyTime now) {
  std::vector<PartitionOffset> offsets;
  for (auto& [partition, place] : places_) {
    if (!place.next || place.next == place.asked) continue;
    offsets.push_back({partition, *place.next});
    place.asked = place.next;
  }
  waiting_records_ = 0;
  waiting_since_.reset();
  if (!offsets.empty()) {
    last_commit_ = now;
    asked_since_.push_back(done_since_.value_or(now));
  }
  done_since_.reset();
  return offsets;
}

void OffsetTracker::committed() {
  if (!asked_since_.empty()) asked_since_.pop_front();
}

void OffsetTracker::commit_failed(const std::vector<PartitionOffset>& offsets, SteadyTime now) {
  if (!asked_since_.empty()) {
    done_since_ = std::min(done_since_.value_or(now), asked_since_.front());
    asked_since_.pop_front();
  }
  for (const PartitionOffset& offset : offsets) {
    const auto place = places_.find(offset.partition);
    if (place == places_.end() || !place->second.next) continue;  // revoked meanwhile
    place->second.asked.reset();
    if (!waiting_since_) waiting_since_ = now;
  }
}

std::optional<std::int64_t> OffsetTracker::position(const Partition& partition) const {
  const auto place = places_.find(partition);
  return place == places_.end() ? std::nullopt : place->second.next;
}

std::chrono::milliseconds OffsetTracker::uncommitted_age(SteadyTime now) const {
  SteadyTime oldest = done_since_.value_or(now);
  if (!asked_since_.empty()) oldest = std::min(oldest, asked_since_.front());
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest);
}

}  // namespace dmp::registry
