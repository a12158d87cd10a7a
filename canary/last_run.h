// LastRun: the last run as gauges, for whoever scrapes a canary that runs again and again.
//
// What the last run did not find out is NaN, never a figure of a run before it; one that was
// stopped before anybody was to connect has only what was asked of it. Thread-safe as far as
// Metrics is; called by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "canary/core/figures.h"
#include "canary/core/report.h"

namespace dmp::canary {

class LastRun {
 public:
  // `metrics` outlives it.
  explicit LastRun(Metrics& metrics);

  // Of a run that was made.
  void made(const Report& report);
  // Of one that could not be.
  void not_made();
  // After either: with what, and when in µs of the wall clock.
  void ended(int exit_code, std::int64_t wall_us);
  // That its figures could not be written was found later; it is not counted again.
  void ended_with(int exit_code);

  [[nodiscard]] std::string text() const { return metrics_.text(); }

 private:
  Counter runs_that_ended_with(int exit_code);
  void show(const Figures& figures, std::optional<Part> limited_by);

  Metrics& metrics_;
  std::map<std::string, Gauge> figures_;  // ever shown; of a fixed set of names
};

}  // namespace dmp::canary
