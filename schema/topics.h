// Topics: MQTT topics as structs, and the names of the Kafka topics and headers. Pure.
//
//   dmp/v1/{rae}/{session}/update|command|reply
//   dmp/v1/{rae}/agent/presence|roster|confirm|resync
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/ids.h"

namespace dmp {

enum class TopicKind { kUpdate, kCommand, kReply, kPresence, kRoster, kConfirm, kResync };

struct Topic {
  RaeSerial rae;
  std::optional<SessionId> session;  // set for kUpdate, kCommand, kReply
  TopicKind kind = TopicKind::kUpdate;

  bool operator==(const Topic&) const = default;
};

// Error "bad_topic": not of the shapes above, or serial or session malformed.
Result<Topic> parse_topic(std::string_view topic);

std::string device_topic(const RaeSerial& rae, const SessionId& session, TopicKind kind);
std::string agent_topic(const RaeSerial& rae, TopicKind kind);

// Where a bridge says something to itself, to know that it hears.
std::string bridge_echo_topic(std::string_view bridge);

// Record key of a bridge's heartbeat in kafka::kAgents: "bridge/NAME".
std::string bridge_key(std::string_view bridge);
std::optional<std::string_view> parse_bridge_key(std::string_view key);

namespace kafka {

inline constexpr std::string_view kDeviceUpdates = "dmp.device-updates";
inline constexpr std::string_view kAgents = "dmp.agents";
inline constexpr std::string_view kDeviceCommands = "dmp.device-commands";
inline constexpr std::string_view kCommandReplies = "dmp.command-replies";
inline constexpr std::string_view kDeadLetters = "dmp.dead-letters";

// Headers. Every header of ours starts with kReserved, which no publisher may use.
inline constexpr std::string_view kReserved = "dmp-";
inline constexpr std::string_view kContentType = "content-type";
inline constexpr std::string_view kReceivedAt = "dmp-received-at";  // µs, decimal, bridge's clock
inline constexpr std::string_view kBridge = "dmp-bridge";
inline constexpr std::string_view kExpiresAt = "dmp-expires-at";  // µs, decimal; of commands

// Headers of dead letters besides those of the original.
inline constexpr std::string_view kReasonCode = "dmp-reason-code";
inline constexpr std::string_view kReason = "dmp-reason";
inline constexpr std::string_view kRefusedBy = "dmp-refused-by";
inline constexpr std::string_view kSourceTopic = "dmp-source-topic";  // Kafka or MQTT topic
inline constexpr std::string_view kSourcePartition = "dmp-source-partition";
inline constexpr std::string_view kSourceOffset = "dmp-source-offset";
inline constexpr std::string_view kSqlState = "dmp-sqlstate";
inline constexpr std::string_view kPayloadBytes = "dmp-payload-bytes";  // full size; value was cut

}  // namespace kafka

}  // namespace dmp
