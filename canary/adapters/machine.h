// This machine as a run sees it: its limits, and what the canary itself costs of it.
#pragma once

#include <cstdint>

#include "canary/core/preflight.h"

namespace dmp::canary {

Machine look_at_machine();

// Raises the soft limit of file descriptors as far as the hard one lets it.
void raise_descriptor_limit();

// The kernel may batch timers of this thread by 1 µs at most.
void sharpen_timers();

// Of the whole machine since it started: connects that found an accept queue full.
std::int64_t listen_drops();

struct Usage {
  double cpu_s = 0;         // of this process
  double peak_rss_mib = 0;  // the most it ever held
};
Usage own_usage();

double load_average();

}  // namespace dmp::canary
