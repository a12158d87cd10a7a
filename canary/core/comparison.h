// Comparison: two runs beside each other, what became worse or better. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "canary/core/figures.h"

namespace dmp::canary {

// A figure of two runs: how much more, in percent; nothing if there was none before.
std::optional<double> change_percent(double before, double now);

// Lines for people, nothing if there is no run before: in what the runs are unlike, then latencies
// and failures that changed, the greatest change first: "worse:  puback_p99_ms 31 -> 45 (+45 %)".
// What was measured before and is not now is worse too.
std::vector<std::string> comparison_of(const Figures& before, const Figures& now);

}  // namespace dmp::canary
