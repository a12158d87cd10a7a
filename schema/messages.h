// The messages that cross a wire, as plain structs. schema/json holds their normative JSON Schema
// and one golden example each; schema/codec.h turns bytes into them and back.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/enums.h"
#include "schema/facets.h"
#include "schema/ids.h"

namespace dmp {

// Version of every message: the field "schema".
inline constexpr int kSchema = 1;

struct Limits {
  static constexpr std::size_t kMessageBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kStringBytes = 256;
  static constexpr std::size_t kArrayItems = 32;
  static constexpr std::size_t kRosterSessions = 1000;
  static constexpr int kDepth = 8;
};

enum class UpdateKind { kChange, kSnapshot, kEnded };

template <>
struct EnumNames<UpdateKind> {
  static constexpr std::array<std::string_view, 3> kNames = {"change", "snapshot", "ended"};
};

// Why a session ended, on the wire: removed | merged | expired | replaced.
inline constexpr std::string_view kEndReasons[] = {"removed", "merged", "expired", "replaced"};

// One device session's news. `timestamp` is a fresh stamp, ≥ every facet's.
struct DeviceUpdate {
  UpdateKind kind = UpdateKind::kChange;
  Timestamp timestamp;
  Facets facets;
  std::string reason;  // of `ended`; otherwise for people, may be empty

  bool operator==(const DeviceUpdate&) const = default;
};

// Whether an agent is connected; also its Will.
struct AgentPresence {
  Timestamp timestamp;
  Known<AgentStatus> status;
  std::string agent_version;

  bool operator==(const AgentPresence&) const = default;
};

// All live sessions of a RAE at `timestamp`: sessions not listed are gone.
struct Roster {
  Timestamp timestamp;
  std::vector<SessionId> sessions;

  bool operator==(const Roster&) const = default;
};

struct Refusal {
  std::string correlation;
  std::string code;

  bool operator==(const Refusal&) const = default;
};

// Bridge to agent: these messages are in Kafka; these are in dead letters, do not send them again.
struct Confirm {
  WallTime sent_at;
  std::vector<std::string> stored;
  std::vector<Refusal> refused;

  bool operator==(const Confirm&) const = default;
};

// Registry to an agent whose stamps the cloud ignores: where the cloud stands. 1: it holds none.
struct Resync {
  WallTime sent_at;
  Timestamp floor;     // the greatest stamp the cloud holds of this RAE
  Timestamp presence;  // the stamp of its presence there

  bool operator==(const Resync&) const = default;
};

// Agent to registry: what became of a command. `away` is the bridge's word: the RAE had said
// that it is offline and the command was not passed on, or nobody was subscribed to it.
struct CommandReply {
  std::string command_id;
  Timestamp timestamp;  // of `away`: the bridge's clock. Replies are ordered by state, not by this
  Known<ReplyState> state;
  std::string code;     // why, for programs
  std::string message;  // and for people

  bool operator==(const CommandReply&) const = default;
};

// Bridge to registry, every 10 s (Kafka only): this bridge passes messages on.
struct BridgeHeartbeat {
  WallTime sent_at;
  std::string bridge;

  bool operator==(const BridgeHeartbeat&) const = default;
};

}  // namespace dmp
