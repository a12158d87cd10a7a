// Preflight: whether this machine can carry a run at all, before anything is begun. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "canary/core/plan.h"

namespace dmp::canary {

// What the machine said; 0 where it said nothing.
struct Machine {
  std::int64_t descriptors_most = 0;  // the hard limit
  std::int64_t ports = 0;             // ephemeral ones
  std::int64_t ports_busy = 0;        // connections that stand or wait to be forgotten
  std::int64_t backlog_most = 0;      // net.core.somaxconn
};

// libmosquitto needs three a client.
std::int64_t descriptors_for(std::int64_t clients);

struct Preflight {
  Status status;                      // error: names what is too small and the way out
  std::vector<std::string> warnings;  // what will show in the figures
};

Preflight check_machine(const Machine& machine, const Load& load);

}  // namespace dmp::canary
