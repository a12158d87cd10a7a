#include "canary/last_run.h"

#include <limits>

namespace dmp::canary {

// Each exit status is there from the start, with 0.
LastRun::LastRun(Metrics& metrics) : metrics_(metrics) {
  for (const int code : {kPassed, kInternal, kUsage, kCannotConnect, kBreached, kInterrupted}) {
    runs_that_ended_with(code);
  }
}

Counter LastRun::runs_that_ended_with(int exit_code) {
  return metrics_.counter("dmp_canary_runs_total", "Runs, by their exit status",
                          {{"exit_code", std::to_string(exit_code)}});
}

void LastRun::made(const Report& report) { show(report.figures, limit_of(report)); }

void LastRun::not_made() { show({}, std::nullopt); }

void LastRun::show(const Figures& figures, std::optional<Part> limited_by) {
  for (auto& [name, gauge] : figures_) {
    if (!figures.contains(name)) gauge.set(std::numeric_limits<double>::quiet_NaN());
  }
  for (const auto& [name, value] : figures) {
    Gauge gauge = metrics_.gauge("dmp_canary_figure",
                                 "Figures of the last run, named as in its report; NaN: none",
                                 {{"name", name}});
    gauge.set(value);
    figures_.emplace(name, gauge);
  }
  for (const Part part : {Part::kNone, Part::kClient, Part::kBroker, Part::kBridge, Part::kKafka,
                          Part::kRegistry, Part::kDatabase}) {
    metrics_
        .gauge("dmp_canary_limited_by", "1: the part that limited the last run",
               {{"part", std::string(name_of(part))}})
        .set(limited_by == part ? 1 : 0);
  }
}

void LastRun::ended_with(int exit_code) {
  metrics_.gauge("dmp_canary_exit_code", "Of the last run; 0: it passed").set(exit_code);
}

void LastRun::ended(int exit_code, std::int64_t wall_us) {
  runs_that_ended_with(exit_code).add();
  ended_with(exit_code);
  metrics_.gauge("dmp_canary_last_run_seconds", "When the last run ended, since the epoch")
      .set(static_cast<double>(wall_us) / 1e6);
}

}  // namespace dmp::canary
