// Codec: bytes <-> messages. Total: any bytes give a message or an Error whose message names the
// field and the value. Pure; thread-safe.
//
// Error codes (they become the reason in dead letters): "too_large", "not_json", "bad_field",
// "missing_field", "unknown_schema", "wrong_address" (the payload names another RAE or session than
// its topic).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/messages.h"

namespace dmp {

Result<DeviceUpdate> decode_update(std::string_view bytes, const RaeSerial& rae,
                                   const SessionId& session);
struct ReadUpdate {
  DeviceUpdate update;
  std::string_view facets;  // as they stand in the bytes; "{}" if they do not
};
// As decode_update, with the text that a history keeps.
Result<ReadUpdate> read_update(std::string_view bytes, const RaeSerial& rae,
                               const SessionId& session);
// The same, a few times slower: decode_update asks it why a message is not as it should be.
Result<DeviceUpdate> slow_decode_update(std::string_view bytes, const RaeSerial& rae,
                                        const SessionId& session);
Result<AgentPresence> decode_agent_presence(std::string_view bytes, const RaeSerial& rae);
Result<Roster> decode_roster(std::string_view bytes, const RaeSerial& rae);
Result<Confirm> decode_confirm(std::string_view bytes);
Result<Resync> decode_resync(std::string_view bytes);
Result<CommandReply> decode_command_reply(std::string_view bytes);
// Of a command: all of it that a bridge reads.
Result<std::string> decode_command_id(std::string_view bytes);
Result<BridgeHeartbeat> decode_bridge_heartbeat(std::string_view bytes);

std::string encode(const DeviceUpdate& update);
std::string encode(const AgentPresence& presence);
std::string encode(const Roster& roster);
std::string encode(const Confirm& confirm);
std::string encode(const Resync& resync);
std::string encode(const CommandReply& reply);
std::string encode(const BridgeHeartbeat& heartbeat);

// The facets alone, as they stand in an update: for history rows and the agent's own database.
std::string encode(const Facets& facets);
Result<Facets> decode_facets(std::string_view bytes);

// A list field as JSON text, as it is stored in its JSONB column.
std::string encode(const std::vector<Claim>& claims);
std::string encode(const std::vector<Interface>& interfaces);
std::string encode(const std::vector<HealthReason>& reasons);

}  // namespace dmp
