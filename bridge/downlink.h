// Downlink: passes commands from Kafka on to the agents.
//
// A command counts as done when the broker has taken or refused it, when it is not passed on (see
// objection_to), or when Kafka has our reply that its RAE is away. Nothing is kept for an agent
// that is away: whoever sent the command sends it again if it still matters. While the broker is
// away nothing is taken. For the loop's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
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
  // The broker's word on a message; `refusal` is empty if it took it.
  void answered(std::uint64_t ticket, const std::string& refusal);

  // Passes on what can be passed on now.
  void turn();

 private:
  bool handle(const Command& command);
  bool pass_on(const Command& command, std::int64_t now);
  bool answer(const Command& command, Reply reply);
  void finish(std::uint64_t ticket);

  const std::string bridge_;
  Commands& commands_;
  Source& source_;
  const Presences& presences_;
  Replies& replies_;
  const Clock& clock_;
  Instruments& instruments_;

  Progress progress_;
  bool is_connected_ = false;
  std::optional<Command> waiting_;  // the broker had no room for it
};

}  // namespace dmp::bridge
