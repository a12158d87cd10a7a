// Timeline: what a device's RAEs said about its presence and use, as bars over time. Pure.
//
// A session's events are ordered by stamp; where one begins in people's time is when the cloud had
// it or, for one that came late, the earliest later one. What a RAE says while it is lost is not
// known: bars are its word, not what was shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/facets.h"

namespace dmp::registry::api {

// Of one session in the order of its stamps.
struct PastEvent {
  std::int64_t received_at_us = 0;
  bool ended = false;
  Facets facets{};
};

struct Bar {
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  std::string value;   // presence.status or usage.state
  std::string detail;  // presence.reason or usage.holder

  bool operator==(const Bar&) const = default;
};

struct SessionBars {
  std::vector<Bar> presence;
  std::vector<Bar> usage;
};

// Bars within [from, to), neighbours of equal value and detail as one. Before a session's first
// event there is none.
SessionBars bars_of(const std::vector<PastEvent>& events, std::int64_t from_us, std::int64_t to_us);

}  // namespace dmp::registry::api
