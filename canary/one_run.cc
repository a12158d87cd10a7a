#include "canary/one_run.h"

#include <algorithm>
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
    return make_identities(options_, run_);
  }

 private:
  const Options& options_;
  const std::string run_;
  bool made_ = false;
  std::vector<std::string> folders_;  // that were not there before
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

ProbeAccess probe_access(const Options& options, const std::string& serial) {
  const std::string files = options.certificates + "/" + serial;
  return {options.mqtt_uri, options.mqtt_ca, files + ".crt", files + ".key"};
}

}  // namespace

Result<Report> make_run(const Options& options, const std::stop_token& stop) {
  SystemClock clock;
  RunSettings settings{options.run.empty() ? random_run_name(clock.wall_us()) : options.run,
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
  auto warnings = preflight.warnings;
  if (!options.rest.empty()) {
    auto warning = first_read_of_rest({options.rest, options.rest_ca, token}, options.rest_token);
    if (!warning) return tl::unexpected(warning.error());
    if (!warning->empty()) warnings.push_back(std::move(*warning));
  }
  if (auto status = read_metrics_first(options, warnings); !status) {
    return tl::unexpected(status.error());
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
  if (!options.rest.empty()) rest = cloud.trouble();
  std::optional<Witness> witness_of_puback;
  if (options.probe) witness_of_puback = Witness{probe.puback(), probe.failures()};
  const Usage usage = own_usage();
  return assemble(settings, result,
                  {usage.cpu_s - cpu_s, usage.peak_rss_mib, load_average(),
                   static_cast<double>(listen_drops() - drops), witness_of_puback, rest, warnings},
                  options.budgets(), options.thresholds());
}

Status make_identities(const Options& options, const std::string& run) {
  return issue_identities({options.authority_certificate, options.authority_key},
                          options.certificates, run, options.identities(),
                          std::chrono::duration_cast<std::chrono::seconds>(options.valid));
}

}  // namespace dmp::canary
