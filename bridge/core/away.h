// Away: what the bridge answers to a command for a RAE that is not there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
inline constexpr std::string_view kOffline = "is offline";  // it said so, or its Will did
// MQTT 5.0, 3.4.2.1: PUBACK with reason code 0x10.
inline constexpr std::string_view kUnheard =
    "is not there: nobody at the broker is subscribed to its commands";

Reply away_reply(const Asked& asked, std::string_view how, std::int64_t wall_us);

}  // namespace dmp::bridge
