// Assignment: what the loop thread and the lanes share about the partitions they have.
//
// A lane works in turns: it enters, takes and stores a batch, leaves. The loop closes the
// assignment before partitions are given up: no new turn begins, waiting turns are told to give
// up, and the loop waits until no lane is in a turn. What a turn reports after its assignment was
// closed and opened again is ignored: another member may own the partition by then.
// The class is thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "registry/core/offset_tracker.h"
#include "registry/ports.h"

namespace dmp::registry {

class Assignment {
 public:
  explicit Assignment(const Clock& clock) : clock_(clock) {}

  // For the loop.
  void open(const std::vector<AssignmentListener::Start>& starts);
  // Where partitions begin; one that has begun is left alone.
  void locate(const std::vector<AssignmentListener::Start>& starts);
  // True if every lane left its turn within `patience`.
  bool close(std::chrono::milliseconds patience);
  // As close, and no lane will ever enter again.
  void end();
  bool all_left(std::chrono::milliseconds patience);

  std::vector<PartitionOffset> take_due();
  // What was done and not asked to be committed; then forgets the partitions: a commit for one that
  // is no longer ours makes the group throw this member out.
  std::vector<PartitionOffset> take_last();
  void committed();
  void commit_failed(const std::vector<PartitionOffset>& offsets);

  // How far behind a partition is.
  struct Lag {
    Partition partition;
    std::int64_t records = 0;
    std::chrono::milliseconds behind{0};  // age of the oldest record not done; 0: none
  };
  // Compares with the ends of the partitions; those of which too little is known are left out.
  using EndOf = std::function<std::optional<std::int64_t>(const Partition&)>;
  std::vector<Lag> lags(const EndOf& end_of);

  [[nodiscard]] bool is_open() const;
  [[nodiscard]] std::size_t partitions() const;
  [[nodiscard]] std::chrono::milliseconds uncommitted_age() const;

  // For lanes. A turn: the assignment it belongs to.
  using Turn = std::uint64_t;
  // Waits until the assignment is open; nothing once it has ended.
  std::optional<Turn> enter(std::size_t lane);
  void leave(std::size_t lane);
  // Waits; false, at once, if the turn is to be given up.
  bool wait(Turn turn, std::chrono::milliseconds delay);
  [[nodiscard]] bool given_up(Turn turn) const;
  // Everything in `records` is stored or in dead letters. `records` are in the order they came.
  // Returns how many offsets are missing before and between them: nothing in these topics is ever
  // compacted away, so they were removed, or broken, before they could be read.
  std::int64_t done(Turn turn, const std::vector<Record>& records);

 private:
  void place(const AssignmentListener::Start& start);

  struct Pace {
    std::optional<std::int64_t> newest_ms;     // Kafka timestamp of the newest record done
    std::optional<std::int64_t> caught_up_ms;  // wall clock when nothing was left last
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // State below is protected by mutex_.
  Turn turn_ = 0;
  bool open_ = false;
  bool ended_ = false;
  std::set<std::size_t> inside_;
  OffsetTracker tracker_;
  std::map<Partition, Pace> paces_;
};

}  // namespace dmp::registry
