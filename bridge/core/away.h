// Away: what the bridge answers to a command for a RAE that is not there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/core/command.h"
#include "bridge/core/presences.h"

namespace dmp::bridge {

// A record for the topic of replies.
struct Reply {
  std::string topic;  // where in MQTT the agent would reply
  std::string payload;
  std::int64_t sent_at = 0;  // µs
};

// Nothing: the RAE is there or was never heard of, or nobody could tell which command is meant.
// Only commands are answered: a resync may be what brings the RAE's presence right.
std::optional<Reply> away_reply(const Command& command, const Presences& presences,
                                std::int64_t wall_us);

}  // namespace dmp::bridge
