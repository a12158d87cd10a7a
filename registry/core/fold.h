// Fold: what a batch of messages says, as one row per session, RAE and bridge.
//
// Per facet the greatest stamp wins, per session the greatest seen_at and ended_at, so the order of
// adding does not matter. Change and ended messages also become one history row each, unfolded;
// the canary's sessions get no history. Owned by one lane; not thread-safe. Pure.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>

#include "registry/core/decode_record.h"
#include "schema/upsert.h"

namespace dmp::registry {

struct Rows {
  UpdateRows updates;
  AgentRows agents;

  [[nodiscard]] std::size_t count() const {
    return updates.sessions.size() + updates.events.size() + agents.raes.size() +
           agents.seen.size() + agents.bridges.size();
  }
};

class Fold {
 public:
  void add(const News& news);

  // Everything added so far; begins anew.
  [[nodiscard]] Rows take();

 private:
  struct SessionKey {
    RaeSerial rae;
    SessionId session;
    bool operator==(const SessionKey&) const = default;
  };
  struct SessionKeyHash {
    std::size_t operator()(const SessionKey& key) const noexcept {
      return std::hash<RaeSerial>()(key.rae) * 31 + std::hash<SessionId>()(key.session);
    }
  };

  void merge(const UpdateNews& news);
  void merge(const PresenceNews& news);
  void merge(const RosterNews& news);
  void merge(const HeartbeatNews& news);
  RaeRow& rae_row(const RaeSerial& rae);

  Rows rows_;
  // Places in rows_.
  std::unordered_map<SessionKey, std::size_t, SessionKeyHash> sessions_;
  std::unordered_map<SessionKey, std::size_t, SessionKeyHash> seen_;
  std::unordered_map<RaeSerial, std::size_t> raes_;
  std::unordered_map<std::string, std::size_t> bridges_;
};

}  // namespace dmp::registry
