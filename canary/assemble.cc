#include "canary/assemble.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace dmp::canary {
namespace {

constexpr double kPerMillion = 1e6;

double seconds(Micros time) { return static_cast<double>(time.count()) / kPerMillion; }

std::string rfc3339(std::int64_t wall_us) {
  const std::time_t time = wall_us / 1'000'000;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void add_load(Figures& figures, const RunSettings& settings) {
  figures["clients"] = static_cast<double>(settings.load.clients);
  figures["load_rate"] = static_cast<double>(settings.load.rate);
  figures["load_payload"] = static_cast<double>(settings.payload);
  figures["load_ramp_s"] = seconds(settings.load.ramp);
  figures["load_publish_s"] = seconds(settings.load.publish);
  figures["load_hold_s"] = seconds(settings.load.hold);
  figures["load_storm"] = settings.load.storm ? 1 : 0;
}

void add_cost(Figures& figures, const RunResult& result, const Surroundings& around) {
  const double took_s = seconds(result.took);
  figures["took_s"] = took_s;
  figures["cpu_s"] = around.cpu_s;
  figures["cpu_ratio"] = took_s > 0 ? around.cpu_s / took_s : 0;
  figures["rss_mib"] = around.peak_rss_mib;
  figures["load_average"] = around.load_average;
  figures["kernel_listen_drops"] = around.kernel_listen_drops;
  if (!around.rest) return;
  figures["rest_failures"] = static_cast<double>(around.rest->failures);
  figures["rest_away_s"] = seconds(around.rest->away);
}

// Two libraries, one broker, the same moments: their middles must be alike. Of few samples nothing
// can be said.
constexpr std::int64_t kSamplesLeast = 20;
constexpr double kTimes = 5;
constexpr double kApartMs = 20;

void compare_with_probe(const LatencyHistogram& probe, Report& report) {
  add_stage(report.figures, "probe_puback", probe);
  const double theirs = figure(report.figures, "probe_puback_p50_ms");
  const double ours = figure(report.figures, "puback_p50_ms");
  if (probe.count() < kSamplesLeast || figure(report.figures, "puback_count") < kSamplesLeast)
    return;
  if (std::max(theirs, ours) < kTimes * std::min(theirs, ours) + kApartMs) return;
  report.warnings.push_back("the Paho probe measured a PUBACK p50 of " + number_text(theirs) +
                            " ms, the fleet " + number_text(ours) +
                            " ms: do not trust either before you know why");
}

void add_probe(const Witness& probe, Report& report) {
  const bool silent = probe.failures > 0 || probe.puback.count() == 0;
  if (silent && anybody_connected(report)) {
    report.warnings.push_back("the Paho probe failed " + std::to_string(probe.failures) +
                              " times and measured " + std::to_string(probe.puback.count()) +
                              " PUBACKs: the fleet's figures have no full second witness");
  }
  compare_with_probe(probe.puback, report);
}

void judge_in(Report& report, const Budgets& budgets) {
  if (!anybody_connected(report)) return;
  report.verdict = judge(report.figures, budgets);
  if (const auto limit = limit_of(report))
    report.figures["limited"] = *limit == Part::kNone ? 0 : 1;
  if (!limit_of(report)) report.verdict.evidence = {"until then every stage kept its budget"};
}

// What failed in reading the list is why it was behind, or away.
void tell_rest_failures(Report& report) {
  if (report.verdict.part != Part::kRegistry) return;
  for (const auto& [reason, count] : report.rest_failed_by) {
    report.verdict.evidence.push_back(std::to_string(count) +
                                      " reads of the list in REST: " + reason);
  }
}

// Leaving that was interrupted went on at once for all the others: one line.
bool goes_on(std::vector<PhaseLine>& phases, const PhaseResult& phase) {
  if (phases.empty() || phases.back().name != name_of(phase.plan.phase)) return false;
  PhaseLine& before = phases.back();
  before.took_s = seconds(phase.began + phase.took) - before.began_s;
  before.in_time = before.in_time && phase.in_time;
  before.begun = std::max(before.begun, phase.begun);
  return true;
}

std::string ms_text(const LatencyHistogram& histogram, double percent) {
  return number_text(static_cast<double>(histogram.percentile(percent).count() / 100) / 10);
}

}  // namespace

Report assemble(const RunSettings& settings, const RunResult& result, const Surroundings& around,
                const Budgets& budgets, std::vector<Threshold> thresholds) {
  Report report;
  report.run = settings.name;
  report.broker = settings.broker;
  report.budgets = budgets.by_stage();
  report.started_at = rfc3339(result.started_us);
  report.interrupted = result.interrupted;
  report.warnings = around.warnings;
  report.seconds = result.tally.seconds();
  report.refused_by = result.tally.refused.all();
  report.failure = result.tally.refused.foremost();
  report.disconnected_by = result.tally.disconnected.all();
  result.tally.add_figures(report.figures);
  result.watch.add_figures(report.figures, result.burst_end);
  add_load(report.figures, settings);
  // An interrupted run may not have come to it.
  if (result.lists_read && (*result.lists_read > 0 || !result.interrupted)) {
    report.figures["rest_lists"] = static_cast<double>(*result.lists_read);
  }
  add_cost(report.figures, result, around);
  if (around.probe) {
    add_probe(*around.probe, report);
  } else {
    add_stage(report.figures, "probe_puback", {});
  }
  for (const PhaseResult& phase : result.phases) {
    if (goes_on(report.phases, phase)) continue;
    report.phases.push_back({std::string(name_of(phase.plan.phase)), phase.plan.events,
                             seconds(phase.began), seconds(phase.took), phase.in_time, phase.begun,
                             phase.cut});
  }
  judge_in(report, budgets);
  if (around.rest) {
    report.rest_failed_by = around.rest->why.all();
    tell_rest_failures(report);
  }
  for (const Threshold& threshold : thresholds) {
    if (auto breach = breach_of(threshold, report)) report.breaches.push_back(*breach);
  }
  report.thresholds = std::move(thresholds);
  report.exit_code = exit_code_of(report);
  return report;
}

Report assemble_unbegun(const RunSettings& settings, std::int64_t started_us,
                        std::vector<std::string> warnings, const Budgets& budgets,
                        std::vector<Threshold> thresholds) {
  Report report;
  report.run = settings.name;
  report.broker = settings.broker;
  report.budgets = budgets.by_stage();
  report.started_at = rfc3339(started_us);
  report.interrupted = true;
  report.warnings = std::move(warnings);
  report.thresholds = std::move(thresholds);
  add_load(report.figures, settings);
  report.exit_code = exit_code_of(report);
  return report;
}

std::string line_of(const Progress& progress) {
  const Tally& tally = *progress.tally;
  const LatencyHistogram& puback = tally.histogram(Stage::kPuback);
  const LatencyHistogram& confirmed = tally.histogram(Stage::kConfirmed);
  std::string line = std::string(name_of(progress.phase)) + " " +
                     std::to_string(progress.at.count() / 1'000'000) + " s  " +
                     std::to_string(progress.live) + "/" + std::to_string(progress.clients) +
                     " connected";
  if (tally.refused.total() > 0) {
    line += ", " + std::to_string(tally.refused.total()) + " refused";
  }
  if (tally.sent == 0) {
    const LatencyHistogram& connect = tally.histogram(Stage::kConnect);
    return line + "  connect p50 " + ms_text(connect, 50) + " p99 " + ms_text(connect, 99) + " ms";
  }
  line += "  sent " + std::to_string(tally.sent) + ", confirmed " +
          std::to_string(tally.confirmed) + "  puback p50 " + ms_text(puback, 50) + " p99 " +
          ms_text(puback, 99) + " ms  confirmed p50 " + ms_text(confirmed, 50) + " p99 " +
          ms_text(confirmed, 99) + " ms";
  return line + "  lag " + number_text(progress.lag);
}

}  // namespace dmp::canary
