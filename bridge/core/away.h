// Away: what the bridge answers to a command for a RAE that is not there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/core/command.h"
#include "schema/ids.h"

namespace dmp::bridge {

// What is asked of whom, as far as an answer needs it.
struct Asked {
  RaeSerial rae;
  SessionId session;
  std::string command_id;
};

// Nothing: nobody could tell which command is meant, or it is a resync. Those go out whatever is
// known, and unanswered: one may be what brings its RAE's presence right.
std::optional<Asked> asked_by(const Command& command);

// A record for the topic of replies.
struct Reply {
  std::string topic;  // where in MQTT the agent would reply
  std::string payload;
  std::int64_t sent_at = 0;  // µs
};

// How it is known.
enum class Absence {
  kSaid,     // the RAE said that it is offline, or its Will did
  kUnheard,  // nobody was subscribed (MQTT 5.0, 3.4.2.1: PUBACK with reason code 0x10)
};

Reply away_reply(const Asked& asked, Absence absence, std::int64_t wall_us);

}  // namespace dmp::bridge
