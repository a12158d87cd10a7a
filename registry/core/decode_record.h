// decode_record: a Kafka record -> what a RAE or a bridge said, or why it belongs in dead letters.
//
// Error codes are those of schema/codec.h and schema/topics.h, and "bad_header", "wrong_topic" (a
// key that does not belong on this Kafka topic) and "clock_ahead" (a stamp more than an hour later
// than the bridge received it: such a stamp would hide everything its RAE says until then), or, if
// it is not ahead of the reader's clock as well, "bridge_clock_behind". Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "registry/core/record.h"
#include "schema/messages.h"

namespace dmp::registry {

inline constexpr std::string_view kClockAhead = "clock_ahead";
inline constexpr std::string_view kBridgeClockBehind = "bridge_clock_behind";
inline constexpr std::chrono::microseconds kClockAheadMax = std::chrono::hours(1);

struct UpdateNews {
  RaeSerial rae;
  SessionId session;
  DeviceUpdate update;
  std::string facets;  // JSON text as received, for the history
  WallTime received_at;
};

struct PresenceNews {
  RaeSerial rae;
  AgentPresence presence;
  WallTime received_at;
  std::string bridge;
};

struct RosterNews {
  RaeSerial rae;
  Roster roster;
};

struct HeartbeatNews {
  BridgeHeartbeat heartbeat;
};

using News = std::variant<UpdateNews, PresenceNews, RosterNews, HeartbeatNews>;

// `now`, of the reader's clock, decides only what a stamp that is too late is called.
Result<News> decode_record(const Record& record, WallTime now = {});

// When the bridge received it; without the bridge's header (written by a tool) its Kafka timestamp.
Result<WallTime> received_at(const Record& record);

std::optional<std::string_view> header(const Record& record, std::string_view name);

}  // namespace dmp::registry
