// Verdict: which part limited a run, with the evidence. Pure.
//
// The parts are judged in the order of an update's way, and the first that exceeded its budget is
// named: what comes after it may only have been late because of it, while nothing here slows what
// came before it (every hop stores and forwards). Connections that were lost come before that: the
// broker's, unless the canary itself was silent for longer than a broker waits. A canary that was
// late has measured itself, as far as anything exceeded its budget at all: its lateness is in what
// it measures, and where all is in time it does not matter. Its lateness, once for sending and once
// for reading the answer, excuses the others by so much and no more: what it cannot explain is
// still somebody's, and the canary is named last.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "canary/core/figures.h"

namespace dmp::canary {

enum class Part { kNone, kClient, kBroker, kBridge, kKafka, kRegistry, kDatabase };
std::string_view name_of(Part part);

// How long each stage may take at its 99th percentile, in ms, before somebody limited the run.
struct Budgets {
  double connect_ms = 2000;
  double suback_ms = 1000;
  double puback_ms = 200;
  double confirmed_ms = 2000;
  double visible_ms = 5000;
  double lag_records = 20'000;

  // Of the stages that have one, by their names.
  [[nodiscard]] std::map<std::string, double> by_stage() const;

  // A tenth of the PUBACK's: later than that, and its own lateness shows in what it measures.
  [[nodiscard]] double wire_late_ms() const { return puback_ms / 10; }
};

struct Verdict {
  Part part = Part::kNone;
  std::vector<std::string> evidence;  // sentences; of kNone: why nothing was limited
};

Verdict judge(const Figures& figures, const Budgets& budgets);

// "limited by broker", "held"
std::string text_of(const Verdict& verdict);

}  // namespace dmp::canary
