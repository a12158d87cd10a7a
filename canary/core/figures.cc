#include "canary/core/figures.h"

#include <algorithm>
#include <cstdio>

namespace dmp::canary {
namespace {

constexpr double kMicrosPerMilli = 1000;
constexpr std::string_view kCounts[] = {
    "connected", "refused",       "disconnected", "retransmitted",  "sent",
    "unsent",    "acknowledged",  "not_taken",    "forbidden",      "confirmed",
    "rejected",  "lost",          "duplicates",   "reordered",      "not_visible",
    "peak_lag",  "s_to_lag_zero", "cpu_ratio",    "suback_refused", "kernel_listen_drops",
    "rss_mib",   "rest_failures", "limited"};

}  // namespace

double figure(const Figures& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? 0 : found->second;
}

void add_stage(Figures& figures, std::string_view stage, const LatencyHistogram& histogram) {
  const std::string prefix = std::string(stage) + "_";
  figures[prefix + "count"] = static_cast<double>(histogram.count());
  if (histogram.count() == 0) return;
  for (const Percentile& known : kPercentiles) {
    figures[prefix + std::string(known.name) + "_ms"] =
        static_cast<double>(histogram.percentile(known.percent).count()) / kMicrosPerMilli;
  }
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

bool is_count(std::string_view name) {
  return std::find(std::begin(kCounts), std::end(kCounts), name) != std::end(kCounts);
}

std::string counts_listed() {
  std::string text;
  for (const std::string_view name : kCounts) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace dmp::canary
