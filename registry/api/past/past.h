// Past: what a session was at a moment, from the history that is kept of it. Pure.
//
// A moment is a time at which the cloud had an event: the newest event received until then, and
// every one the RAE had stamped before it, late or not, are the session's past. A facet that no
// event of the past carries was as it is stored now, unless a later event carries it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "registry/core/retention.h"
#include "schema/facets.h"

namespace dmp::registry::api {

// One session at one moment.
struct Moment {
  std::int64_t stamp = 0;  // of the newest event of the past; 0: there is none
  Facets said{};           // of each facet the newest in the past
  Facets said_last{};      // of each facet the newest of all events
};

struct SessionPast {
  std::string rae;
  std::string session;
  std::int64_t began_us = 0;       // when the cloud first heard of it
  std::int64_t known_from_us = 0;  // history before may have been removed
  std::int64_t ended_stamp = 0;    // 0: it has not ended
  std::int64_t newest_stamp = 0;   // of all events; 0: there are none
  bool visible = true;             // now
  Facets stored{};                 // now
};

struct SessionThen {
  enum class State { kNotYet, kThere, kEnded };
  State state = State::kNotYet;
  Facets facets{};                          // as they were; of kThere and kEnded
  std::vector<std::string_view> unknown{};  // facets of which history does not tell
};

SessionThen session_then(const SessionPast& session, const Moment& moment, std::int64_t at_us);

// From when on the history of a session tells everything: `events` of it are kept, the oldest
// received at `oldest_us`.
std::int64_t known_from(const Retention& retention, std::int64_t now_us, std::int64_t began_us,
                        std::int64_t events, std::int64_t oldest_us);

}  // namespace dmp::registry::api
