#include "canary/core/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace dmp::canary {
namespace {

// From here on a change is told as one.
constexpr double kChangePercent = 20;

// Of each, more is worse; a difference below `least` is chance.
struct Judged {
  std::string name;
  double least;
};

std::vector<Judged> judged_figures() {
  constexpr double kMsLeast = 5;
  constexpr double kRecordsLeast = 100;
  std::vector<Judged> all;
  for (const char* stage : {"connect", "suback", "puback", "confirmed", "visible"}) {
    for (const char* percentile : {"_p50_ms", "_p99_ms"}) {
      all.push_back({std::string(stage) + percentile, kMsLeast});
    }
  }
  for (const char* count :
       {"lost", "refused", "disconnected", "unsent", "duplicates", "reordered", "not_visible",
        "rejected", "not_taken", "forbidden", "suback_refused", "s_to_lag_zero"}) {
    all.push_back({count, 1});
  }
  all.push_back({"peak_lag", kRecordsLeast});
  return all;
}

// What was asked of a run. Where that differs, what came of it says little.
constexpr const char* kAsked[] = {"clients",        "load_rate",  "load_payload", "load_ramp_s",
                                  "load_publish_s", "load_storm", "load_hold_s"};

std::string values_text(double before, double now) {
  return number_text(before) + " -> " + number_text(now);
}

struct Change {
  std::string line;
  double extent = 0;
};

std::optional<Change> change_of(const Judged& judged, const Figures& before, const Figures& now) {
  const auto earlier = before.find(judged.name);
  const auto later = now.find(judged.name);
  if (earlier == before.end()) return std::nullopt;
  if (later == now.end()) {
    return Change{
        "worse:  " + judged.name + " was " + number_text(earlier->second) + ", now not measured",
        std::numeric_limits<double>::max()};
  }
  const double difference = later->second - earlier->second;
  const auto percent = change_percent(earlier->second, later->second);
  if (std::abs(difference) < judged.least) return std::nullopt;
  if (percent && std::abs(*percent) < kChangePercent) return std::nullopt;
  Change change;
  change.line = difference > 0 ? "worse:  " : "better: ";
  change.line += judged.name + " " + values_text(earlier->second, later->second);
  // Twice as much counts like half as much; from nothing and to nothing is most.
  const bool from_or_to_none = earlier->second <= 0 || later->second <= 0;
  change.extent = from_or_to_none ? std::numeric_limits<double>::max()
                                  : std::abs(std::log(later->second / earlier->second));
  if (percent) {
    char text[32];
    std::snprintf(text, sizeof text, " (%+.0f %%)", *percent);
    change.line += text;
  }
  return change;
}

}  // namespace

std::optional<double> change_percent(double before, double now) {
  if (before == 0) return std::nullopt;
  return 100 * (now - before) / before;
}

std::vector<std::string> comparison_of(const Figures& before, const Figures& now) {
  std::vector<std::string> lines;
  if (before.empty()) return lines;
  for (const char* asked : kAsked) {
    const auto earlier = before.find(asked);
    const double value = figure(now, asked);
    if (earlier == before.end() || earlier->second == value) continue;
    lines.push_back("unlike: " + std::string(asked) + " " + values_text(earlier->second, value) +
                    ": the two runs did not do the same");
  }
  std::vector<Change> changes;
  for (const Judged& judged : judged_figures()) {
    if (auto change = change_of(judged, before, now)) changes.push_back(std::move(*change));
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.extent > b.extent; });
  for (Change& change : changes) lines.push_back(std::move(change.line));
  if (changes.empty()) {
    lines.push_back("as before: nothing changed noticeably");
  }
  return lines;
}

}  // namespace dmp::canary
