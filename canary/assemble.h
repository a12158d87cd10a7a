// From what a run measured to its report. Pure.
#pragma once

#include <optional>

#include "canary/core/report.h"
#include "canary/core/rest_trouble.h"
#include "canary/run.h"

namespace dmp::canary {

// What a client of another library measured.
struct Witness {
  LatencyHistogram puback;
  std::int64_t failures = 0;  // connects and updates that were not answered
};

// What the run cost, and what the machine had to bear besides.
struct Surroundings {
  double cpu_s = 0;
  double peak_rss_mib = 0;
  double load_average = 0;
  double kernel_listen_drops = 0;
  std::optional<Witness> probe;     // none: it was not asked for
  std::optional<RestTrouble> rest;  // none: nobody looked there
  std::vector<std::string> warnings;
};

Report assemble(const RunSettings& settings, const RunResult& result, const Surroundings& around,
                const Budgets& budgets, std::vector<Threshold> thresholds);

// Of a run that was stopped before anybody was to connect: its only figures are what was asked.
Report assemble_unbegun(const RunSettings& settings, std::int64_t started_us,
                        std::vector<std::string> warnings, const Budgets& budgets,
                        std::vector<Threshold> thresholds);

// One line of progress.
std::string line_of(const Progress& progress);

}  // namespace dmp::canary
