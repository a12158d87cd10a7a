// Command: what Kafka holds for an agent, and whether it is passed on. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dmp::bridge {

struct Command {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string topic;                       // the record's key: where in MQTT it goes
  std::string payload;                     // passed on as it is
  std::string bridge;                      // which bridge is to pass it on; empty: any
  std::optional<std::int64_t> expires_at;  // µs; nothing: not said, or not a number
};

// Why `bridge` does not pass the command on: "other_bridge", "bad_topic", "too_large", "no_expiry",
// "expired". Nothing: it does.
std::optional<Error> objection_to(const Command& command, std::string_view bridge,
                                  std::int64_t wall_us);

// No command is kept longer, whatever its header says.
inline constexpr std::chrono::seconds kTimeLeftMax = std::chrono::hours(24);

// For how long the broker may keep it: whole seconds, at least one.
std::chrono::seconds time_left(const Command& command, std::int64_t wall_us);

}  // namespace dmp::bridge
