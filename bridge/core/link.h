// Link: when to connect to the broker and when to leave it. Pure; owned by the loop.
//
// After every end of a connection the next attempt waits 0.2 to 2 s, spread so that bridges that
// fell together do not come back together. A reconnect that finds no session of ours on the broker
// is a loss: what was queued there is gone, and only the agents' repetition brings it back.
#pragma once

#include <cstdint>

#include "base/backoff.h"
#include "base/clock.h"

namespace dmp::bridge {

class Link {
 public:
  enum class State { kDown, kConnecting, kUp, kLeaving };
  enum class Action { kNone, kConnect, kDisconnect };

  explicit Link(std::uint64_t seed);

  // What to do now if a connection is, or is not, wanted. The caller does it.
  Action decide(bool wanted, SteadyTime now);

  // Whether the broker has lost our session.
  [[nodiscard]] bool connected(bool session_present);
  // All is well: the attempt after the next end is again a first one.
  void subscribed() { backoff_.reset(); }
  void ended(SteadyTime now);

  // Puts the next attempt off by one delay, as after a failure.
  void put_off(SteadyTime now) { next_attempt_ = now + backoff_.next(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_up() const { return state_ == State::kUp; }
  // Of the next attempt; only meaningful while down.
  [[nodiscard]] SteadyTime next_attempt() const { return next_attempt_; }

 private:
  Backoff backoff_;
  State state_ = State::kDown;
  SteadyTime next_attempt_{};
  bool was_up_ = false;  // ever
};

}  // namespace dmp::bridge
