// Confirmations: tells each RAE which of its messages are stored and which are refused. Pure.
//
// Collected per RAE for at most kCollect, or until a message is full. Bounded in total: what does
// not fit is dropped and counted, which costs a repetition by the agent and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bridge/core/route.h"
#include "schema/messages.h"

namespace dmp::bridge {

// One message to the agent of `rae`; sent_at is set by whoever sends it.
struct Confirmation {
  RaeSerial rae;
  Confirm confirm;
};

class Confirmations {
 public:
  static constexpr std::chrono::milliseconds kCollect{50};
  // What is due so soon after another leaves with it: one wake-up of the sender, not two.
  static constexpr std::chrono::milliseconds kCompany{10};
  static constexpr std::size_t kPerMessage = 256;  // a correlation is short: well below 64 KiB
  static constexpr std::size_t kTotal = 16'384;

  void stored(const Asker& asker, SteadyTime now);
  void refused(const Asker& asker, const std::string& code, SteadyTime now);

  // Takes what has waited long enough, the oldest first; everything if `all`.
  std::vector<Confirmation> take_due(SteadyTime now, bool all = false);

  // Takes back, to be tried again after kCollect, what was just taken but could not be sent.
  void put_back(Confirmation confirmation, SteadyTime now);

  // When take_due will have something; nothing if nobody waits.
  [[nodiscard]] std::optional<SteadyTime> next_due() const { return next_due_; }

  [[nodiscard]] std::size_t pending() const { return pending_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Collected {
    Confirm confirm;
    SteadyTime due;
  };

  // Null if there is no room.
  Confirm* place_for(const Asker& asker, SteadyTime now);

  std::map<RaeSerial, Collected> collected_;
  std::optional<SteadyTime> next_due_;  // the least of them
  std::size_t pending_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace dmp::bridge
