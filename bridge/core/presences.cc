#include "bridge/core/presences.h"

namespace dmp::bridge {

void Presences::hear(const RaeSerial& rae, const AgentPresence& presence,
                     std::int64_t received_at_us) {
  if (rae.is_canary()) return;
  if (presence.timestamp.us > received_at_us + kAheadMax.count()) return;
  auto [place, is_new] = raes_.try_emplace(rae);
  Heard& heard = place->second;
  if (!is_new) by_turn_.erase(heard.turn);
  heard.turn = ++turn_;
  by_turn_.emplace(heard.turn, rae);
  if (presence.timestamp >= heard.timestamp) {
    heard.timestamp = presence.timestamp;
    heard.is_away = presence.status.value == AgentStatus::kOffline;
  }
  if (raes_.size() <= kRaesMax) return;
  raes_.erase(by_turn_.begin()->second);
  by_turn_.erase(by_turn_.begin());
  ++forgotten_;
}

bool Presences::is_away(const RaeSerial& rae) const {
  const auto found = raes_.find(rae);
  return found != raes_.end() && found->second.is_away;
}

void Presences::forget_all() {
  raes_.clear();
  by_turn_.clear();
}

}  // namespace dmp::bridge
