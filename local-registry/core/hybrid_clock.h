// HybridClock: the stamps of this RAE, max(wall, last + 1): they never repeat and never go back,
// over restarts and clock jumps too. Only the cloud, which knows what it holds, can send them back.
//
// A stamp may leave the program only when it is covered: when a ceiling at or above it is on disk.
// Whoever takes stamps asks uncovered(), writes that ceiling, reports covered(), then sends. One
// write covers ten seconds of stamps. A restart begins above the stored ceiling.
// Owned by the agent's loop; not thread-safe. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "schema/ids.h"

namespace dmp::local {

class HybridClock {
 public:
  static constexpr std::int64_t kLeaseUs = 10'000'000;

  explicit HybridClock(Timestamp stored_ceiling)
      : last_(stored_ceiling), ceiling_(stored_ceiling) {}

  // The first of `count` consecutive stamps. REQUIRES: count >= 1.
  Timestamp next(std::int64_t wall_us, std::int64_t count = 1);

  // Goes on just above `floor`, up or down: the cloud holds nothing of this RAE above it. The
  // ceiling on disk, perhaps of a clock that was wrong, is replaced before the next stamp leaves.
  void resync(Timestamp floor);

  // The ceiling to write before the stamps taken so far may leave; nothing if they are covered.
  [[nodiscard]] std::optional<Timestamp> uncovered() const;

  // `ceiling` is on disk.
  void covered(Timestamp ceiling);

  [[nodiscard]] Timestamp last() const { return last_; }

 private:
  Timestamp last_;
  Timestamp ceiling_;
};

}  // namespace dmp::local
