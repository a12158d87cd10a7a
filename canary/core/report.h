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
  std::int64_t begun = 0;  // of `events`
  bool cut = false;        // the run was interrupted in it
};

struct Report {
  std::string run;
  std::string broker;      // its address
  std::string started_at;  // RFC 3339, UTC
  Figures figures;
  std::map<std::string, std::int64_t> refused_by;  // connects, by reason
  std::optional<ConnectFailure> failure;           // the foremost of them
  std::map<std::string, std::int64_t> disconnected_by;
  std::map<std::string, std::int64_t> rest_failed_by;  // reads of the list
  std::vector<PhaseLine> phases;
  std::map<std::string, double> budgets;  // of a stage's p99, in ms
  Verdict verdict;                        // nobody is judged if nobody could connect
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

bool anybody_connected(const Report& report);

// Whether it came to its end with somebody connected: only then it is compared with another.
bool is_comparable(const Report& report);

// Whether anybody tried to connect; if not, there is nothing to tell in figures.
bool was_begun(const Report& report);

// What every form of the report begins with: the verdict, that nobody could connect and what to
// look at, or that the run was interrupted and when.
std::string headline_of(const Report& report);

// What was found if that threshold fails the run.
std::optional<std::string> breach_of(const Threshold& threshold, const Report& report);

// What limited the run, kNone: it held. Nothing if that is not known: nobody could connect, or it
// was interrupted before anything gave way.
std::optional<Part> limit_of(const Report& report);

// For people, on a terminal.
std::string text_of(const Report& report);

// JUnit XML: one test case per threshold, and one that says whether the run could be made.
std::string junit_of(const Report& report);

// One page with everything in it: tables, and charts as inline SVG. Needs no other file, no script.
std::string html_of(const Report& report, const Figures& before);

// `a<b` as `a&lt;b`: for texts and attributes of XML and HTML. Control characters become spaces.
std::string escaped(std::string_view text);

}  // namespace dmp::canary
