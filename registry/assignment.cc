#include "registry/assignment.h"

#include <algorithm>

namespace dmp::registry {

void Assignment::open(const std::vector<AssignmentListener::Start>& starts) {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    ++turn_;
    open_ = true;
    tracker_.clear();
    paces_.clear();
    for (const auto& start : starts) {
      place(start);
      paces_[start.partition];
    }
  }
  changed_.notify_all();
}

void Assignment::locate(const std::vector<AssignmentListener::Start>& starts) {
  std::lock_guard lock(mutex_);
  for (const auto& start : starts) {
    const bool is_ours = paces_.count(start.partition) > 0;
    if (is_ours && !tracker_.position(start.partition)) place(start);
  }
}

void Assignment::place(const AssignmentListener::Start& start) {
  if (start.expired == 0) return tracker_.assign(start.partition, start.next);
  // As if done, so that it is committed: nobody who has the partition later shall miss them again.
  tracker_.assign(start.partition, *start.next - start.expired);
  tracker_.done(start.partition, *start.next, 0, clock_.steady());
}

bool Assignment::close(std::chrono::milliseconds patience) {
  {
    std::lock_guard lock(mutex_);
    open_ = false;
  }
  changed_.notify_all();
  return all_left(patience);
}

void Assignment::end() {
  {
    std::lock_guard lock(mutex_);
    open_ = false;
    ended_ = true;
  }
  changed_.notify_all();
}

bool Assignment::all_left(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return inside_.empty(); });
}

std::vector<PartitionOffset> Assignment::take_due() {
  std::lock_guard lock(mutex_);
  return tracker_.take_due(clock_.steady());
}

std::vector<PartitionOffset> Assignment::take_last() {
  std::lock_guard lock(mutex_);
  auto offsets = tracker_.take_all(clock_.steady());
  tracker_.clear();
  paces_.clear();
  ++turn_;
  return offsets;
}

void Assignment::committed() {
  std::lock_guard lock(mutex_);
  tracker_.committed();
}

void Assignment::commit_failed(const std::vector<PartitionOffset>& offsets) {
  std::lock_guard lock(mutex_);
  tracker_.commit_failed(offsets, clock_.steady());
}

std::vector<Assignment::Lag> Assignment::lags(const EndOf& end_of) {
  const std::int64_t now_ms = clock_.wall_us() / 1000;
  std::lock_guard lock(mutex_);
  std::vector<Lag> lags;
  for (auto& [partition, pace] : paces_) {
    const auto position = tracker_.position(partition);
    const auto end = end_of(partition);
    if (!position || !end) continue;
    if (*position >= *end) {
      pace.caught_up_ms = now_ms;
      lags.push_back({partition, 0, {}});
      continue;
    }
    // The oldest record not done is younger than the newest one done, and came after the last time
    // nothing was left; without either its age is not known yet.
    const auto older = std::max(pace.newest_ms, pace.caught_up_ms);
    if (!older) continue;
    lags.push_back({partition, *end - *position,
                    std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - *older))});
  }
  return lags;
}

bool Assignment::is_open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

std::size_t Assignment::partitions() const {
  std::lock_guard lock(mutex_);
  return paces_.size();
}

std::chrono::milliseconds Assignment::uncommitted_age() const {
  std::lock_guard lock(mutex_);
  return tracker_.uncommitted_age(clock_.steady());
}

std::optional<Assignment::Turn> Assignment::enter(std::size_t lane) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return open_ || ended_; });
  if (ended_) return std::nullopt;
  inside_.insert(lane);
  return turn_;
}

void Assignment::leave(std::size_t lane) {
  {
    std::lock_guard lock(mutex_);
    inside_.erase(lane);
  }
  changed_.notify_all();
}

bool Assignment::wait(Turn turn, std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, delay, [&] { return !open_ || turn != turn_; });
}

bool Assignment::given_up(Turn turn) const {
  std::lock_guard lock(mutex_);
  return !open_ || turn != turn_;
}

std::int64_t Assignment::done(Turn turn, const std::vector<Record>& records) {
  std::lock_guard lock(mutex_);
  if (turn != turn_) return 0;
  std::int64_t missing = 0;
  std::map<Partition, std::size_t> counts;
  std::map<Partition, const Record*> last;
  for (const Record& record : records) {
    ++counts[record.partition];
    const Record*& before = last[record.partition];
    const auto next = before != nullptr ? before->offset + 1 : tracker_.position(record.partition);
    if (next) missing += std::max<std::int64_t>(0, record.offset - *next);
    before = &record;
  }
  for (const auto& [partition, record] : last) {
    tracker_.done(partition, record->offset + 1, counts[partition], clock_.steady());
    paces_[partition].newest_ms = record->timestamp_ms;
  }
  return missing;
}

}  // namespace dmp::registry
