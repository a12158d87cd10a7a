#include "canary/program.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <random>

#include <unistd.h>

#include "base/admin_port.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "canary/adapters/identities.h"
#include "canary/adapters/machine.h"
#include "canary/adapters/report_files.h"
#include "canary/core/comparison.h"
#include "canary/last_run.h"
#include "canary/one_run.h"

namespace dmp::canary {
namespace {

Status write_reports(const Options& options, const Report& report, const Figures& before) {
  const std::pair<std::string, std::string> files[] = {{options.json, json_of(report)},
                                                       {options.html, html_of(report, before)},
                                                       {options.junit, junit_of(report)}};
  Status first;
  // What the next run compares with is of a run that came to its end.
  const bool keep =
      !options.json.empty() && options.compare == options.json && !is_comparable(report);
  if (keep) {
    std::printf("  %s is not written: this run is nothing to compare with\n", options.json.c_str());
    std::fflush(stdout);
  }
  for (const auto& [path, text] : files) {
    if (path.empty() || (keep && path == options.json)) continue;
    if (auto status = write_file(path, text); !status && first) first = status;
  }
  return first;
}

// Before anything is begun: a run's figures are not to be lost for a typing error.
Status check_outputs(const Options& options) {
  const std::pair<const char*, const std::string&> files[] = {{"json", options.json},
                                                              {"html", options.html},
                                                              {"junit", options.junit},
                                                              {"prometheus", options.prometheus}};
  for (const auto& [setting, path] : files) {
    if (path.empty()) continue;
    if (auto status = check_writable(path); !status) {
      return tl::unexpected(status.error().within(std::string("setting ") + setting));
    }
  }
  return {};
}

// A run that compares with what it then replaces is the first one sometime.
bool is_first(const Options& options) {
  return options.compare == options.json && access(options.json.c_str(), F_OK) != 0;
}

// A service has a log; otherwise somebody waits for the answer.
void complain(const Options& options, std::string_view event, const Error& error) {
  if (options.every.count() > 0) return log_error(event, {{"error", error.message}});
  std::fprintf(stderr, "dmp-canary: %s\n", error.message.c_str());
}

void tell(const Report& report, const Figures& before) {
  std::printf("%s", text_of(report).c_str());
  for (const std::string& line : comparison_of(before, report.figures)) {
    std::printf("  %s\n", line.c_str());
  }
  std::fflush(stdout);
}

int exit_code_of(const Error& error) {
  if (error.code == "unreachable") return kCannotConnect;
  return error.code.starts_with("bad_") ? kUsage : kInternal;  // settings, files, certificates
}

// Nothing: there is no report.
std::optional<Report> report_of(const Options& options, const std::stop_token& stop,
                                Figures& before, int& exit_code) {
  if (!options.compare.empty() && is_first(options)) {
    std::fprintf(stderr, "%s is not there yet: this is the first run, with nothing to compare\n",
                 options.compare.c_str());
  } else if (!options.compare.empty()) {
    auto read = read_figures(options.compare);
    if (!read) {
      complain(options, "cannot_compare", read.error().within("setting compare"));
      exit_code = kUsage;
      return std::nullopt;
    }
    before = std::move(*read);
  }
  auto report = make_run(options, stop);
  if (!report) {
    complain(options, "cannot_run", report.error());
    exit_code = exit_code_of(report.error());
    return std::nullopt;
  }
  exit_code = report->exit_code;
  return std::move(*report);
}

int run_and_tell(const Options& options, const std::stop_token& stop, LastRun& last) {
  Figures before;
  int exit_code = kInternal;
  Status written;
  if (const auto report = report_of(options, stop, before, exit_code)) {
    if (!is_comparable(*report)) before.clear();
    tell(*report, before);
    last.made(*report);
    written = write_reports(options, *report, before);
  } else {
    last.not_made();
  }
  const SystemClock clock;
  last.ended(written ? exit_code : kInternal, clock.wall_us());
  if (!options.prometheus.empty()) {
    if (auto status = write_file(options.prometheus, last.text()); !status && written) {
      written = status;
    }
  }
  if (written) return exit_code;
  complain(options, "cannot_write", written.error());
  last.ended_with(kInternal);
  return kInternal;
}

// Until it is stopped; a run that failed is told and does not keep the next from its time.
int run_again_and_again(const Options& options, const std::stop_token& stop, Metrics& metrics) {
  using std::chrono::milliseconds;
  std::atomic<bool> is_running = false;
  const auto well = [&] { return dmp::Verdict{true, is_running ? "running" : "waiting"}; };
  AdminPort admin(metrics, {.live = well, .ready = well});
  LastRun last(metrics);
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) {
    log_error("cannot_run", {{"error", port.error().message}});
    return kInternal;
  }
  log_info("started", {{"version", DMP_VERSION}, {"admin_port", *port}});
  std::mt19937_64 random(std::random_device{}());
  std::uniform_int_distribution<std::int64_t> late(0, options.jitter.count());
  SystemClock clock;
  while (!stopped_within(stop, milliseconds(late(random)))) {
    const SteadyTime next = clock.steady() + options.every;
    is_running = true;
    const int code = run_and_tell(options, stop, last);
    is_running = false;
    log_info("run_ended", {{"exit_code", code}});
    const auto left = std::chrono::duration_cast<milliseconds>(next - clock.steady());
    if (stopped_within(stop, std::max(left, milliseconds(0)))) break;
  }
  admin.stop();
  return kPassed;
}

int make_certificates(const Options& options, const std::stop_token& stop) {
  if (auto status = make_identities(options, options.run, stop); !status) {
    complain(options, "cannot_issue", status.error());
    return kUsage;
  }
  if (stop.stop_requested()) return kInterrupted;
  std::printf("%lld certificates for run %s in %s, good for %s\n",
              static_cast<long long>(options.identities()), options.run.c_str(),
              options.certificates.c_str(), format_duration(options.valid).c_str());
  return kPassed;
}

}  // namespace

Status check_surroundings(const Options& options) {
  if (auto status = check_here(options); !status) return status;
  if (options.command == kCertificates) return {};
  if (auto status = check_outputs(options); !status) return status;
  if (options.compare.empty() || is_first(options)) return {};
  const auto before = read_figures(options.compare);
  if (before) return {};
  return tl::unexpected(before.error().within("setting compare"));
}

int run_program(const Options& options, const std::stop_token& stop) {
  if (options.command == kCertificates) return make_certificates(options, stop);
  raise_descriptor_limit();
  sharpen_timers();
  Metrics metrics;
  if (options.every.count() > 0) return run_again_and_again(options, stop, metrics);
  LastRun last(metrics);
  return run_and_tell(options, stop, last);
}

}  // namespace dmp::canary
