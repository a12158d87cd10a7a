#include "local-registry/core/uplink_session.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::local {
namespace {

// With its spread no wait exceeds 2 s.
constexpr BackoffLimits kReconnect{std::chrono::milliseconds(200), std::chrono::milliseconds(1600),
                                   25};

}  // namespace

UplinkSession::UplinkSession(std::uint64_t seed) : backoff_(kReconnect, seed) {}

bool UplinkSession::connect_due(SteadyTime now) const {
  return state_ == State::kAway && now >= connect_at_;
}

AgentPresence UplinkSession::connecting(Timestamp first, SteadyTime now) {
  DMP_CHECK(state_ == State::kAway);
  state_ = State::kConnecting;
  online_stamp_ = first;
  give_up_at_ = now + kConnectWithin;
  return agent_presence(AgentStatus::kOffline, Timestamp{first.us + 1});
}

void UplinkSession::connected(SteadyTime now) {
  state_ = State::kConnected;
  connected_at_ = now;
  presence_at_ = now;
  roster_at_ = now;
}

void UplinkSession::lost(SteadyTime now) {
  if (state_ == State::kAway) return;
  if (is_connected() && now - connected_at_ >= kStands) {
    backoff_.reset();
    short_ones_ = 0;
  } else if (is_connected()) {
    ++short_ones_;
  }
  state_ = State::kAway;
  connect_at_ = now + backoff_.next();
}

void UplinkSession::reconnect() {
  state_ = State::kAway;
  connect_at_ = {};
}

bool UplinkSession::presence_due(SteadyTime now) const {
  return is_connected() && now >= presence_at_;
}

AgentPresence UplinkSession::say_online(SteadyTime now) {
  presence_at_ = now + kPresenceEvery;
  return agent_presence(AgentStatus::kOnline, online_stamp_);
}

bool UplinkSession::roster_due(SteadyTime now) const { return is_connected() && now >= roster_at_; }

SteadyTime UplinkSession::next_due() const {
  switch (state_) {
    case State::kAway:
      return connect_at_;
    case State::kConnecting:
      return give_up_at_;
    case State::kConnected:
      return std::min(presence_at_, roster_at_);
  }
  return SteadyTime::max();
}

AgentPresence agent_presence(AgentStatus status, Timestamp stamp) {
  AgentPresence presence;
  presence.timestamp = stamp;
  presence.status = status;
  presence.agent_version = DMP_VERSION;
  return presence;
}

}  // namespace dmp::local
