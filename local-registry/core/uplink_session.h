// UplinkSession: when to connect, what to say after, and how to leave.
//
// A connection has two stamps: its Will says `offline` at T + 1, and once the broker let us in we
// say `online` at T, and repeat that unchanged every 60 s. Attempts are spread from 0.2 s to 2 s,
// and begin at 0.2 s again only after a connection that stood for a while.
// Owned by the agent's loop. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/backoff.h"
#include "base/clock.h"
#include "schema/messages.h"

namespace dmp::local {

class UplinkSession {
 public:
  static constexpr std::chrono::seconds kPresenceEvery{60};
  static constexpr std::chrono::minutes kRosterEvery{15};
  static constexpr std::chrono::seconds kConnectWithin{15};
  // A connection that ends earlier counts as one that did not stand.
  static constexpr std::chrono::seconds kStands{10};
  static constexpr std::int64_t kStampsPerConnection = 2;

  explicit UplinkSession(std::uint64_t seed);

  [[nodiscard]] bool connect_due(SteadyTime now) const;
  // An attempt begins with the first of two consecutive stamps. The Will to give to the broker.
  AgentPresence connecting(Timestamp first, SteadyTime now);
  void connected(SteadyTime now);
  // The attempt failed or the connection ended. Nothing new if that was known.
  void lost(SteadyTime now);

  // Several connections in a row did not stand: most likely another agent has our name, and each
  // of us ends the other's connection. Not every broker says so.
  [[nodiscard]] bool is_contested() const { return short_ones_ >= kContestedAfter; }

  // An attempt that neither succeeded nor failed in time; it is to be given up.
  [[nodiscard]] bool is_overdue(SteadyTime now) const {
    return state_ == State::kConnecting && now >= give_up_at_;
  }
  // Of the connection that is, or is being made.
  [[nodiscard]] Timestamp will_stamp() const { return Timestamp{online_stamp_.us + 1}; }
  // Ends the connection and begins another at once, with new stamps.
  void reconnect();
  [[nodiscard]] bool is_connected() const { return state_ == State::kConnected; }
  [[nodiscard]] bool presence_due(SteadyTime now) const;
  // What to publish as presence now.
  AgentPresence say_online(SteadyTime now);
  [[nodiscard]] bool roster_due(SteadyTime now) const;
  void roster_made(SteadyTime now) { roster_at_ = now + kRosterEvery; }
  void roster_changed() { roster_at_ = {}; }

  [[nodiscard]] SteadyTime next_due() const;

 private:
  enum class State { kAway, kConnecting, kConnected };
  static constexpr int kContestedAfter = 3;

  State state_ = State::kAway;
  Timestamp online_stamp_;
  Backoff backoff_;
  SteadyTime connect_at_{};  // the epoch: at once
  SteadyTime give_up_at_{};
  SteadyTime connected_at_{};
  int short_ones_ = 0;
  SteadyTime presence_at_{};
  SteadyTime roster_at_{};
};

// What a message of this kind looks like.
AgentPresence agent_presence(AgentStatus status, Timestamp stamp);

}  // namespace dmp::local
