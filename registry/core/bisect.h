// Bisect: finds the one record that makes a batch fail, storing the others on the way.
//
// For a batch of n records that failed as a whole: store range() and say whether it could be
// stored, until culprit() is known; then rest() may be stored as a new batch. With one bad record
// this takes at most ceil(log2 n) statements and one for the rest. Pure.
#pragma once

#include <cstddef>
#include <optional>

namespace dmp::registry {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last

  [[nodiscard]] std::size_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

class Bisect {
 public:
  // REQUIRES: a failed range of at least one record.
  explicit Bisect(Range failed);

  // The record to blame, once only one is left.
  [[nodiscard]] std::optional<std::size_t> culprit() const;

  // What to store next. REQUIRES: no culprit yet.
  [[nodiscard]] Range range() const;
  void stored();
  void failed();

  // Behind the culprit: not tried alone yet. REQUIRES: a culprit.
  [[nodiscard]] Range rest() const;

 private:
  Range suspects_;
  std::size_t end_;
};

enum class Attempt { kStored, kRefused, kGivenUp };

// Stores all of a range but the records to blame. `attempt(Range)` says what became of a range,
// `blame(index)` hears of each record that is refused alone, and says whether to go on. False:
// `attempt` gave up.
template <class Try, class Blame>
bool store_but_culprits(Range range, Try&& attempt, Blame&& blame) {
  while (range.size() > 0) {
    const Attempt whole = attempt(range);
    if (whole != Attempt::kRefused) return whole == Attempt::kStored;
    Bisect bisect(range);
    while (!bisect.culprit()) {
      const Attempt half = attempt(bisect.range());
      if (half == Attempt::kGivenUp) return false;
      half == Attempt::kStored ? bisect.stored() : bisect.failed();
    }
    if (!blame(*bisect.culprit())) return true;
    range = bisect.rest();
  }
  return true;
}

}  // namespace dmp::registry
