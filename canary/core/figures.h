// Figures: everything a run found out, by name ("puback_p99_ms", "lost"). One flat table feeds the
// report, thresholds, verdict and comparison, so that no two of them can tell different numbers.
// Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "canary/core/histogram.h"

namespace dmp::canary {

using Figures = std::map<std::string, double>;

// 0 if it is not there.
double figure(const Figures& figures, const std::string& name);

// Stages of an update's way, and the canary's own lateness. Each has kPercentiles and a count.
// "connect" counts from when it was due; connect_tcp, connect_tls and connect_mqtt are what its
// parts took from when it was begun: until TCP stood, then until TLS did, then until CONNACK.
inline constexpr std::string_view kStages[] = {"connect",      "connect_tcp", "connect_tls",
                                               "connect_mqtt", "suback",      "puback",
                                               "confirmed",    "visible",     "wire_late"};
struct Percentile {
  std::string_view name;
  double percent;
};
inline constexpr Percentile kPercentiles[] = {{"p50", 50}, {"p90", 90},    {"p95", 95},
                                              {"p99", 99}, {"p999", 99.9}, {"max", 100}};

// `STAGE_p50_ms` … `STAGE_max_ms` and `STAGE_count`. Of an empty histogram the count alone.
void add_stage(Figures& figures, std::string_view stage, const LatencyHistogram& histogram);

// As it stands in reports: 6 significant digits.
std::string number_text(double value);

// Figures that are counts or ratios, which a threshold may name as they are.
bool is_count(std::string_view name);
std::string counts_listed();

}  // namespace dmp::canary
