// Presences: which RAEs are away, as far as what they said has passed through this bridge. Pure;
// owned by the loop.
//
// Of each RAE the newest stamp counts, whatever order they come in; one that is kAheadMax ahead of
// the bridge's clock counts for nothing, as in the registry, or a clock that was wrong once would
// keep its RAE away for ever. Bounded: for a new RAE the one
// that was not heard of for longest is forgotten. Canaries have no devices and are not kept.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "schema/messages.h"

namespace dmp::bridge {

class Presences {
 public:
  static constexpr std::size_t kRaesMax = 16'384;

  static constexpr std::chrono::microseconds kAheadMax = std::chrono::hours(1);

  void hear(const RaeSerial& rae, const AgentPresence& presence, std::int64_t received_at_us);

  // False also of a RAE never heard of: nothing is known then.
  [[nodiscard]] bool is_away(const RaeSerial& rae) const;

  // What is known may become wrong unheard: when a connection ends.
  void forget_all();

  [[nodiscard]] std::size_t known() const { return raes_.size(); }
  // For want of room, since the start.
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  struct Heard {
    Timestamp timestamp;
    bool is_away = false;
    std::uint64_t turn = 0;
  };

  std::map<RaeSerial, Heard> raes_;
  std::map<std::uint64_t, RaeSerial> by_turn_;  // the longest unheard first
  std::uint64_t turn_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace dmp::bridge
