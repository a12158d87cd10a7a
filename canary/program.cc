#include "canary/program.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>

#include <unistd.h>

#include "base/admin_port.h"
#include "base/log.h"
#include "base/stop.h"
#include "canary/adapters/identities.h"
#include "canary/adapters/machine.h"
#include "canary/adapters/mosquitto_fleet.h"
#include "canary/adapters/paho_probe.h"
#include "canary/adapters/program_metrics.h"
#include "canary/adapters/report_files.h"
#include "canary/adapters/rest_cloud.h"
#include "canary/adapters/tls_context.h"
#include "canary/assemble.h"
#include "canary/last_run.h"

namespace dmp::canary {
namespace {

constexpr std::size_t kObservationsMax = 10'000;

// Short, and rising: seconds since the epoch in base 36.
std::string run_name(std::int64_t wall_us) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string name;
  for (std::int64_t left = wall_us / 1'000'000; left > 0; left /= 36) {
    name.insert(name.begin(), kDigits[static_cast<std::size_t>(left % 36)]);
  }
  return "r" + name;
}

// The first line of a file.
Result<std::string> read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (std::getline(file, token) && !token.empty()) return token;
  return fail("bad_setting", "setting rest-token: " + path + " has no first line to read");
}

Status check_authorities(const Options& options) {
  if (auto status = check_authority("mqtt-ca", options.mqtt_ca); !status) return status;
  return options.rest.empty() ? Status() : check_authority("rest-ca", options.rest_ca);
}

std::vector<std::string> sample_of(const std::string& run, const Options& options) {
  const std::int64_t count = std::min(options.rest_sample, options.clients);
  std::vector<std::string> serials;
  for (std::int64_t i = 0; i < count; ++i) {
    serials.push_back(serial_of(run, i * options.clients / count + 1).str());
  }
  return serials;
}

Status issue(const Options& options, const std::string& run) {
  return issue_identities({options.authority_certificate, options.authority_key},
                          options.certificates, run, options.identities(),
                          std::chrono::duration_cast<std::chrono::seconds>(options.valid));
}

// The clients' certificates, and their folder, for the time of one run, if it makes its own.
class OwnIdentities {
 public:
  OwnIdentities(const Options& options, std::string run)
      : options_(options), run_(std::move(run)) {}
  ~OwnIdentities() {
    if (!made_) return;
    remove_identities(options_.certificates, run_, options_.identities());
    remove_folders(folders_);
  }
  OwnIdentities(const OwnIdentities&) = delete;
  OwnIdentities& operator=(const OwnIdentities&) = delete;

  Status obtain() {
    if (options_.authority_key.empty()) {
      return find_identities(options_.certificates, run_, options_.identities());
    }
    made_ = true;
    folders_ = missing_folders(options_.certificates);
    return issue(options_, run_);
  }

 private:
  const Options& options_;
  const std::string run_;
  bool made_ = false;
  std::vector<std::string> folders_;  // that were not there before
};

ProbeAccess probe_access(const Options& options, const std::string& serial) {
  const std::string files = options.certificates + "/" + serial;
  return {options.mqtt_uri, options.mqtt_ca, files + ".crt", files + ".key"};
}

Result<Report> run_once(const Options& options, const std::stop_token& stop) {
  SystemClock clock;
  RunSettings settings{options.run.empty() ? run_name(clock.wall_us()) : options.run,
                       options.load(),
                       static_cast<std::size_t>(options.payload),
                       options.connects_at_once,
                       options.connect_timeout,
                       options.mqtt_uri};
  const Preflight preflight = check_machine(look_at_machine(), settings.load);
  if (!preflight.status) return tl::unexpected(preflight.status.error());
  if (auto status = check_authorities(options); !status) return tl::unexpected(status.error());
  std::string token;
  if (!options.rest.empty()) {
    auto read = read_token(options.rest_token);
    if (!read) return tl::unexpected(read.error());
    token = std::move(*read);
  }
  OwnIdentities identities(options, settings.name);
  if (auto status = identities.obtain(); !status) return tl::unexpected(status.error());

  ObservationQueue observations(kObservationsMax, kObservationsMax);
  const auto broker = *parse_broker(options.mqtt_uri);
  MosquittoFleet fleet({broker.host, broker.port, options.mqtt_ca, options.certificates},
                       static_cast<int>(options.clients), clock);
  for (std::int64_t client = 0; client < options.clients; ++client) {
    const auto status =
        fleet.load(static_cast<int>(client), serial_of(settings.name, client + 1).str());
    if (!status) return tl::unexpected(status.error());
  }
  const MetricsSources sources{options.bridge_metrics, options.registry_metrics};
  ProgramMetrics metrics(sources, observations);
  RestCloud cloud({options.rest, options.rest_ca, token}, settings.name,
                  sample_of(settings.name, options), clock, observations);
  Run run(settings, {clock, fleet, observations, options.rest.empty() ? nullptr : &cloud,
                     sources.any(), [](const Progress& progress) {
                       std::fprintf(stderr, "%s\n", line_of(progress).c_str());
                     }});
  const Voice witness(settings.name, options.clients + 1, padding_for(settings.payload));
  PahoProbe probe(probe_access(options, witness.rae().str()), witness);
  const std::int64_t drops = listen_drops();
  const double cpu_s = own_usage().cpu_s;
  if (sources.any()) metrics.run();
  if (!options.rest.empty()) cloud.run();
  if (options.probe) probe.run();
  const RunResult result = run.run(stop);
  // All at once: each may be waiting for an answer, and a stop is bounded.
  probe.ask_to_stop();
  metrics.ask_to_stop();
  cloud.ask_to_stop();
  probe.stop();
  metrics.stop();
  cloud.stop();
  std::optional<RestTrouble> rest;
  if (!options.rest.empty()) rest = RestTrouble{cloud.failures(), cloud.away()};
  std::optional<Witness> witness_of_puback;
  if (options.probe) witness_of_puback = Witness{probe.puback(), probe.failures()};
  const Usage usage = own_usage();
  return assemble(
      settings, result,
      {usage.cpu_s - cpu_s, usage.peak_rss_mib, load_average(),
       static_cast<double>(listen_drops() - drops), witness_of_puback, rest, preflight.warnings},
      options.budgets(), options.thresholds());
}

Status write_reports(const Options& options, const Report& report, const Figures& before) {
  const std::pair<std::string, std::string> files[] = {{options.json, json_of(report)},
                                                       {options.html, html_of(report, before)},
                                                       {options.junit, junit_of(report)}};
  Status first;
  for (const auto& [path, text] : files) {
    if (path.empty()) continue;
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

// Nothing: there is no report.
std::optional<Report> report_of(const Options& options, const std::stop_token& stop,
                                Figures& before, int& exit_code) {
  // A run that compares with what it then replaces is the first one sometime.
  const bool is_first = options.compare == options.json && access(options.json.c_str(), F_OK) != 0;
  if (!options.compare.empty() && !is_first) {
    auto read = read_figures(options.compare);
    if (!read) {
      complain(options, "cannot_compare", read.error().within("setting compare"));
      exit_code = kUsage;
      return std::nullopt;
    }
    before = std::move(*read);
  }
  auto report = run_once(options, stop);
  if (!report) {
    complain(options, "cannot_run", report.error());
    const bool usage = report.error().code.starts_with("bad_");  // settings, files, certificates
    exit_code = usage ? kUsage : kInternal;
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
  last.ended(kInternal, clock.wall_us());
  return kInternal;
}

// Until it is stopped; a run that failed is told and does not keep the next from its time.
int run_again_and_again(const Options& options, const std::stop_token& stop, Metrics& metrics) {
  using std::chrono::milliseconds;
  AdminPort admin(metrics, {.live =
                                [] {
                                  return dmp::Verdict{true, "waits or runs"};
                                },
                            .ready =
                                [] {
                                  return dmp::Verdict{true, "waits or runs"};
                                }});
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) {
    log_error("cannot_run", {{"error", port.error().message}});
    return kInternal;
  }
  log_info("started", {{"version", DMP_VERSION}, {"admin_port", *port}});
  std::mt19937_64 random(std::random_device{}());
  std::uniform_int_distribution<std::int64_t> late(0, options.jitter.count());
  SystemClock clock;
  LastRun last(metrics);
  while (!stopped_within(stop, milliseconds(late(random)))) {
    const SteadyTime next = clock.steady() + options.every;
    const int code = run_and_tell(options, stop, last);
    log_info("run_ended", {{"exit_code", code}});
    const auto left = std::chrono::duration_cast<milliseconds>(next - clock.steady());
    if (stopped_within(stop, std::max(left, milliseconds(0)))) break;
  }
  admin.stop();
  return kPassed;
}

int make_certificates(const Options& options) {
  if (auto status = issue(options, options.run); !status) {
    complain(options, "cannot_issue", status.error());
    return kUsage;
  }
  std::printf("%lld certificates for run %s in %s, good for %s\n",
              static_cast<long long>(options.identities()), options.run.c_str(),
              options.certificates.c_str(), format_duration(options.valid).c_str());
  return kPassed;
}

}  // namespace

int run_program(const Options& options, const std::stop_token& stop) {
  if (options.command == kCertificates) return make_certificates(options);
  if (auto status = check_outputs(options); !status) {
    complain(options, "cannot_write", status.error());
    return kUsage;
  }
  raise_descriptor_limit();
  sharpen_timers();
  Metrics metrics;
  if (options.every.count() > 0) return run_again_and_again(options, stop, metrics);
  LastRun last(metrics);
  return run_and_tell(options, stop, last);
}

}  // namespace dmp::canary
