// LaneShare: which lane a partition belongs to. Updates and agents have lanes of their own, so that
// a backlog of updates never delays the presence of RAEs. Pure.
#pragma once

#include <cstddef>

#include "registry/core/record.h"
#include "schema/topics.h"

namespace dmp::registry {

struct LaneShare {
  std::size_t update_lanes = 2;  // ≥ 1
  std::size_t agent_lanes = 1;   // ≥ 1

  [[nodiscard]] std::size_t count() const { return update_lanes + agent_lanes; }

  [[nodiscard]] std::size_t lane_of(const Partition& partition) const {
    const auto number = static_cast<std::size_t>(partition.number);
    if (partition.topic == kafka::kDeviceUpdates) return number % update_lanes;
    return update_lanes + number % agent_lanes;
  }
};

}  // namespace dmp::registry
