// What an agent does when the cloud says where it stands. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "schema/messages.h"

namespace dmp::local {

enum class ResyncStep {
  kIgnore,     // late, repeated, or not possible
  kReconnect,  // only our presence is hidden: new stamps for it, and a Will above them
  kRestart,    // our stamps are hidden: go on just above the floor, and say everything again
};

// The cloud takes no stamp that is later than this after it came.
inline constexpr std::chrono::microseconds kAheadMax = std::chrono::hours(1);

// The latest stamp that the cloud took then.
constexpr Timestamp latest_at(WallTime cloud) { return {cloud.us + kAheadMax.count()}; }

// The greatest stamp that is confirmed as stored and above all of ours, if there is one: not ours,
// or of a life that our disk has forgotten, and it hides what we say below it. What the cloud
// refuses for being ahead of its time hides nothing.
std::optional<Timestamp> foreign_stamp(const Confirm& confirm, Timestamp last);

// `last`: the greatest stamp taken here; `will`: that of the connection's Will.
ResyncStep step_after(const Resync& resync, Timestamp last, Timestamp will);

}  // namespace dmp::local
