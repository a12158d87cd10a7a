// Report: all that a run found out, ready to be told. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "canary/core/figures.h"
#include "canary/core/plan.h"
#include "canary/core/tally.h"
#include "canary/core/threshold.h"
#include "canary/core/verdict.h"

namespace dmp::canary {

struct PhaseLine {
  std::string name;
  std::int64_t events = 0;
  double began_s = 0;
  double took_s = 0;
  bool in_time = true;
};

struct Report {
  std::string run;
  std::string started_at;  // RFC 3339, UTC
  Figures figures;
  std::map<std::string, std::int64_t> refused_by;  // connects, by reason
  std::map<std::string, std::int64_t> disconnected_by;
  std::vector<PhaseLine> phases;
  Verdict verdict;
  std::vector<Threshold> thresholds;
  std::vector<std::string> breaches;
  std::vector<std::string> warnings;
  std::vector<Second> seconds;
  bool interrupted = false;
  int exit_code = 0;
};

enum ExitCode {
  kPassed = 0,
  kInternal = 1,
  kUsage = 2,
  kCannotConnect = 3,
  kBreached = 99,
  kInterrupted = 130,
};

// By what is in `figures`, `breaches` and `interrupted`.
int exit_code_of(const Report& report);

// For people, on a terminal.
std::string text_of(const Report& report);

// JUnit XML: one test case per threshold, and one that says whether the run could be made.
std::string junit_of(const Report& report);

// One page with everything in it: tables, and charts as inline SVG. Needs no other file, no script.
std::string html_of(const Report& report, const Figures& before);

// `a<b` as `a&lt;b`: for texts and attributes of XML and HTML. Control characters become spaces.
std::string escaped(std::string_view text);

// A figure of two runs: how much more, in percent; nothing if there was none before.
std::optional<double> change_percent(double before, double now);

// One line per latency and count that changed, "puback_p99_ms 3.1 -> 4.5 (+45 %)".
std::vector<std::string> comparison_of(const Figures& before, const Figures& now);

}  // namespace dmp::canary
