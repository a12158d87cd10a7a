#include "bridge/core/link.h"

#include "base/check.h"

namespace dmp::bridge {
namespace {

constexpr BackoffLimits kReconnect{.first = std::chrono::milliseconds(300),
                                   .most = std::chrono::milliseconds(1500),
                                   .jitter_percent = 33};

}  // namespace

Link::Link(std::uint64_t seed) : backoff_(kReconnect, seed) {}

Link::Action Link::decide(bool wanted, SteadyTime now) {
  if (wanted && state_ == State::kDown && now >= next_attempt_) {
    state_ = State::kConnecting;
    return Action::kConnect;
  }
  if (!wanted && state_ == State::kUp) {
    state_ = State::kLeaving;
    return Action::kDisconnect;
  }
  return Action::kNone;
}

bool Link::connected(bool session_present) {
  DMP_CHECK(state_ == State::kConnecting);
  state_ = State::kUp;
  const bool lost = was_up_ && !session_present;
  was_up_ = true;
  return lost;
}

void Link::ended(SteadyTime now) {
  state_ = State::kDown;
  put_off(now);
}

}  // namespace dmp::bridge
