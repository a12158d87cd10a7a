// ResyncPace: which RAEs to tell where the cloud stands. A RAE is told about once a minute, and
// only if it was heard just now: what comes late, from a backlog or a replay, says nothing about
// its agent. Who is not told will be heard again within a minute. Bounded. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "registry/core/record.h"
#include "schema/facets.h"
#include "schema/ids.h"

namespace dmp::registry {

// Who said what a record carries.
struct Sender {
  RaeSerial rae;
  std::string bridge;  // that passed it on; empty: not known
  WallTime received_at;

  bool operator==(const Sender&) const = default;
};

// Nothing if no RAE says such things.
std::optional<Sender> sender_of(const Record& record);

class ResyncPace {
 public:
  // A little less than the time between two presences, so that none of them comes too early.
  static constexpr std::chrono::seconds kEvery{55};
  static constexpr std::chrono::microseconds kHeardWithin = std::chrono::minutes(2);
  static constexpr std::size_t kAtOnce = 64;
  static constexpr std::size_t kRaesMax = 10'000;  // in any minute

  // Those of `behind` to tell now; they count as told.
  std::vector<Sender> due(const std::vector<Sender>& behind, WallTime wall, SteadyTime now);

 private:
  std::unordered_map<RaeSerial, SteadyTime> told_;
};

}  // namespace dmp::registry
