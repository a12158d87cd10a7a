// Downlink: passes commands from Kafka on to the agents.
//
// A command counts as done when somebody's broker session has it or the broker refused it, when it
// is not passed on (see objection_to), or when Kafka has our reply that its RAE is away. That is
// known from what RAEs said (presences) or, of those that said nothing while we listened, from the
// broker: nobody was subscribed. That says nothing of a command that is for every bridge, as its
// RAE may be at another broker. Nothing is kept for an agent that is away: whoever sent the
// command sends it again if it still matters. While the broker is away nothing is taken. For the
// loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "bridge/core/away.h"
#include "bridge/core/presences.h"
#include "bridge/core/progress.h"
#include "bridge/instruments.h"
#include "bridge/ports.h"
#include "bridge/replies.h"

namespace dmp::bridge {

class Downlink {
 public:
  // Given to the broker and not yet answered. Order within a topic is the broker's to keep.
  static constexpr std::size_t kUnderWayMax = 256;
  static constexpr int kPerTurn = 256;

  // The references must outlive it.
  Downlink(std::string bridge, Commands& commands, Source& source, const Presences& presences,
           Replies& replies, const Clock& clock, Instruments& instruments);

  // The connection to the broker stands, or has ended.
  void connected();
  void ended();
  // The broker's word on a message; `refusal` is empty if it took it, `unheard` if for nobody.
  void answered(std::uint64_t ticket, const std::string& refusal, bool unheard);

  // Passes on what can be passed on now.
  void turn();

 private:
  // For a command that nobody has, at most kUnderWayMax.
  struct Answer {
    std::uint64_t ticket;
    Reply reply;
  };

  bool handle(const Command& command);
  bool pass_on(const Command& command, std::optional<Asked> asked, std::int64_t now);
  void answer_away(std::uint64_t ticket, const Asked& asked, Absence absence);
  void hand_over_answers();
  void finish(std::uint64_t ticket);

  const std::string bridge_;
  Commands& commands_;
  Source& source_;
  const Presences& presences_;
  Replies& replies_;
  const Clock& clock_;
  Instruments& instruments_;

  Progress progress_;
  std::map<std::uint64_t, Asked> asked_;  // by ticket: passed on, and not yet answered
  std::deque<Answer> answers_;            // until there is room among the replies
  bool is_connected_ = false;
  std::optional<Command> waiting_;  // the broker had no room for it
};

}  // namespace dmp::bridge
