// OffsetTracker: which offsets may be committed, and when.
//
// An offset may be committed once every record before it is stored or in dead letters. A partition
// belongs to one lane, which finishes its records in order, so what is done is always a prefix (a
// step back means that the topic was made anew). One commit names all partitions that moved: at
// most one per second, or one per half second while more than 1000 records wait. Not thread-safe.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "registry/core/record.h"

namespace dmp::registry {

class OffsetTracker {
 public:
  static constexpr std::size_t kRecordsMax = 1000;
  static constexpr std::chrono::milliseconds kAgeMax{1000};
  static constexpr std::chrono::milliseconds kApart{500};

  // `next`: the first offset that will be taken, if known.
  void assign(const Partition& partition, std::optional<std::int64_t> next);
  void clear();

  // Everything of the partition before `next` is done. `records`: how many since the last call.
  void done(const Partition& partition, std::int64_t next, std::size_t records, SteadyTime now);

  // What to commit now, if a commit is due; it then counts as asked for.
  [[nodiscard]] std::vector<PartitionOffset> take_due(SteadyTime now);
  // What was done and not asked to be committed.
  [[nodiscard]] std::vector<PartitionOffset> take_all(SteadyTime now);
  // Kafka has the oldest commit that was asked for.
  void committed();
  // A commit that failed is due again.
  void commit_failed(const std::vector<PartitionOffset>& offsets, SteadyTime now);

  // Next offset to be done, if known.
  [[nodiscard]] std::optional<std::int64_t> position(const Partition& partition) const;
  // How long the oldest done record waits until Kafka has its commit; zero if none does.
  [[nodiscard]] std::chrono::milliseconds uncommitted_age(SteadyTime now) const;

 private:
  struct Place {
    std::optional<std::int64_t> next;
    std::optional<std::int64_t> asked;  // last offset given to a commit
  };

  std::map<Partition, Place> places_;
  std::size_t waiting_records_ = 0;
  std::optional<SteadyTime> waiting_since_;  // to be asked for
  std::optional<SteadyTime> done_since_;  // the oldest of those, also if asked for in vain before
  std::deque<SteadyTime> asked_since_;    // likewise, of each commit that is not answered
  std::optional<SteadyTime> last_commit_;
};

}  // namespace dmp::registry
