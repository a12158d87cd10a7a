#include "canary/one_run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <span>
#include <utility>

#include "canary/adapters/first_reads.h"
#include "canary/adapters/identities.h"
#include "canary/adapters/machine.h"
#include "canary/adapters/mosquitto_fleet.h"
#include "canary/adapters/own_identities.h"
#include "canary/adapters/paho_probe.h"
#include "canary/adapters/program_metrics.h"
#include "canary/adapters/rest_cloud.h"
#include "canary/adapters/tls_context.h"
#include "canary/assemble.h"

namespace dmp::canary {
namespace {

constexpr std::size_t kObservationsMax = 10'000;

std::string random_run_name(std::int64_t wall_us) {
  std::random_device random;
  return run_name(wall_us, random());
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

IdentityPlan identity_plan(const Options& options, const std::string& run) {
  return {{options.authority_certificate, options.authority_key},
          options.certificates,
          run,
          options.identities(),
          std::chrono::duration_cast<std::chrono::seconds>(options.valid),
          std::chrono::duration_cast<std::chrono::seconds>(options.most())};
}

// How far something is that a run needs before or after it, on stderr, once a second.
class Steps {
 public:
  Steps(const char* what, std::int64_t of) : what_(what), of_(of) {}
  void at(std::int64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds(1);
    std::fprintf(stderr, "%s %lld/%lld\n", what_, static_cast<long long>(done),
                 static_cast<long long>(of_));
  }

 private:
  const char* what_;
  const std::int64_t of_;
  std::chrono::steady_clock::time_point next_{};
};

Status read_metrics_first(const Options& options, std::vector<std::string>& warnings) {
  const auto read = [&](const char* setting, const std::string& url,
                        std::span<const std::string_view> names) -> Status {
    if (url.empty()) return {};
    auto warning = first_read_of_metrics(setting, url, names);
    if (!warning) return tl::unexpected(warning.error());
    if (!warning->empty()) warnings.push_back(std::move(*warning));
    return {};
  };
  if (auto status = read("bridge-metrics", options.bridge_metrics, kBridgeNames); !status) {
    return status;
  }
  return read("registry-metrics", options.registry_metrics, kRegistryNames);
}

// What a run needs and can be read before anything is begun.
struct Ready {
  RunSettings settings;
  std::string token;
  std::vector<std::string> warnings;
};

Result<Ready> prepare(const Options& options, const Clock& clock, const Machine& machine) {
  Ready ready{{options.run.empty() ? random_run_name(clock.wall_us()) : options.run, options.load(),
               static_cast<std::size_t>(options.payload), options.connects_at_once,
               options.connect_timeout, options.mqtt_uri},
              {},
              {}};
  const Preflight preflight = check_machine(machine, ready.settings.load);
  if (!preflight.status) return tl::unexpected(preflight.status.error());
  ready.warnings = preflight.warnings;
  if (auto status = check_authorities(options); !status) return tl::unexpected(status.error());
  if (!options.rest.empty()) {
    auto read = read_token(options.rest_token);
    if (!read) return tl::unexpected(read.error());
    ready.token = std::move(*read);
  }
  return ready;
}

// Reads what the run will read, once.
Status read_first(const Options& options, Ready& ready, const std::stop_token& stop) {
  if (!options.rest.empty()) {
    auto warning =
        first_read_of_rest({options.rest, options.rest_ca, ready.token}, options.rest_token);
    if (!warning) return tl::unexpected(warning.error());
    if (!warning->empty()) ready.warnings.push_back(std::move(*warning));
  }
  return stop.stop_requested() ? Status() : read_metrics_first(options, ready.warnings);
}

// It was stopped before anybody was to connect.
Report cut_before(const Ready& ready, const Options& options, const Clock& clock) {
  return assemble_unbegun(ready.settings, clock.wall_us(), ready.warnings, options.budgets(),
                          options.thresholds());
}

Status load_all(MosquittoFleet& fleet, const Options& options, const std::string& run,
                const std::stop_token& stop) {
  Steps steps("reading certificates", options.clients);
  for (std::int64_t client = 0; client < options.clients && !stop.stop_requested(); ++client) {
    steps.at(client);
    const auto status = fleet.load(static_cast<int>(client), serial_of(run, client + 1).str());
    if (!status) return status;
  }
  return {};
}

ProbeAccess probe_access(const Options& options, const std::string& serial) {
  const std::string files = options.certificates + "/" + serial;
  return {options.mqtt_uri, options.mqtt_ca, files + ".crt", files + ".key"};
}

Result<Report> flood(const Options& options, const Ready& ready, const Clock& clock,
                     const std::stop_token& stop) {
  const RunSettings& settings = ready.settings;
  ObservationQueue observations(kObservationsMax, kObservationsMax);
  const auto broker = *parse_broker(options.mqtt_uri);
  MosquittoFleet fleet({broker.host, broker.port, options.mqtt_ca, options.certificates},
                       static_cast<int>(options.clients), clock);
  if (auto status = load_all(fleet, options, settings.name, stop); !status) {
    return tl::unexpected(status.error());
  }
  if (stop.stop_requested()) return cut_before(ready, options, clock);
  const MetricsSources sources{options.bridge_metrics, options.registry_metrics};
  ProgramMetrics metrics(sources, observations);
  RestCloud cloud({options.rest, options.rest_ca, ready.token}, settings.name,
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
  if (!options.rest.empty()) rest = cloud.trouble();
  std::optional<Witness> witness_of_puback;
  if (options.probe) witness_of_puback = Witness{probe.puback(), probe.failures()};
  const Usage usage = own_usage();
  return assemble(
      settings, result,
      {usage.cpu_s - cpu_s, usage.peak_rss_mib, load_average(),
       static_cast<double>(listen_drops() - drops), witness_of_puback, rest, ready.warnings},
      options.budgets(), options.thresholds());
}

}  // namespace

Result<Report> make_run(const Options& options, const std::stop_token& stop) {
  const SystemClock clock;
  auto ready = prepare(options, clock, look_at_machine());
  if (!ready) return tl::unexpected(ready.error());
  if (auto status = read_first(options, *ready, stop); !status) {
    return tl::unexpected(status.error());
  }
  OwnIdentities identities(identity_plan(options, ready->settings.name));
  Steps made("certificates", options.identities());
  const auto obtained = identities.obtain(stop, [&](std::int64_t done) { made.at(done); });
  if (!obtained) return tl::unexpected(obtained.error());
  if (stop.stop_requested()) return cut_before(*ready, options, clock);
  auto report = flood(options, *ready, clock, stop);
  if (!options.authority_key.empty()) std::fprintf(stderr, "removing certificates\n");
  return report;
}

Status check_here(const Options& options) {
  if (!options.authority_key.empty()) {
    const AuthorityFiles authority{options.authority_certificate, options.authority_key};
    if (auto status = check_issuer(authority); !status) return status;
    if (auto status = check_folder(options.certificates); !status) return status;
  }
  if (options.command == kCertificates) return {};
  if (options.authority_key.empty()) {
    auto status = find_identities(options.certificates, options.run, options.identities());
    if (!status) return status;
  }
  const SystemClock clock;
  // Which ports are free changes by the minute, and a run asks again.
  Machine machine = look_at_machine();
  machine.ports = 0;
  const auto ready = prepare(options, clock, machine);
  return ready ? Status() : tl::unexpected(ready.error());
}

Status make_identities(const Options& options, const std::string& run,
                       const std::stop_token& stop) {
  if (auto status = disown(options.certificates, run, stop); !status) return status;
  Steps made("certificates", options.identities());
  return issue_identities(identity_plan(options, run),
                          {.stop = stop, .progress = [&](std::int64_t done) { made.at(done); }});
}

}  // namespace dmp::canary
