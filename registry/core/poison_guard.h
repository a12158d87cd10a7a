// PoisonGuard: whether a batch's dead letters are a few bad records or a bad deployment, which must
// not drain a topic into dead letters.
//
// A batch is held if with it, within the last minute, at least `least` records and more than
// `percent` of them would be refused, and of more than `percent` of the RAEs heard: one broken RAE
// among many cannot hold up the others. What is held does not count; so at most `least` records a
// minute are refused while the guard holds. What seems to be a bridge's wrong clock counts if it
// concerns several RAEs: read late, one RAE whose own clock is wrong looks the same. Not
// thread-safe. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"

namespace dmp::registry {

class PoisonGuard {
 public:
  struct Limits {
    std::size_t percent = 20;  // 100: never holds
    std::size_t least = 100;
    std::size_t clocks = 3;  // RAEs
  };

  // What one batch adds, or a few seconds of the minute.
  class Tally {
   public:
    static constexpr std::size_t kSendersMax = 10'000;  // beyond, senders count no more

    // By the record's Kafka key.
    void taken(std::string_view key);
    void refused(std::string_view key);
    // Likewise, because the bridge's clock seems to be behind.
    void bridge_behind(std::string_view key);

    void add(const Tally& other);
    [[nodiscard]] bool exceeds(Limits limits) const;
    [[nodiscard]] std::size_t refused_count() const { return refused_ + behind_; }
    [[nodiscard]] std::size_t taken_count() const { return taken_; }

   private:
    std::size_t taken_ = 0;
    std::size_t refused_ = 0;
    std::size_t behind_ = 0;
    std::unordered_set<std::uint64_t> senders_;
    std::unordered_set<std::uint64_t> refused_senders_;
    std::unordered_set<std::uint64_t> behind_senders_;
  };

  explicit PoisonGuard(Limits limits) : limits_(limits) {}

  // False: finish the batch. True: hold it and ask again later.
  [[nodiscard]] bool holds(const Tally& batch, SteadyTime now) const;
  // The batch is finished.
  void count(const Tally& batch, SteadyTime now);

 private:
  static constexpr std::chrono::seconds kSlice{5};
  static constexpr std::size_t kSlices = 12;

  struct Slice {
    std::int64_t number = -1;  // of kSlice since the clock's epoch
    Tally tally;
  };

  const Limits limits_;
  std::array<Slice, kSlices> slices_;
};

}  // namespace dmp::registry
