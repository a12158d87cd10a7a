#include "canary/options.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "base/endpoints.h"
#include "canary/core/voice.h"

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr const char* kNotVisible = "not_visible>0";

Status bad(const std::string& setting, const std::string& why) {
  return fail("bad_setting", "setting " + setting + ": " + why);
}

// Where a setting that is missing comes from.
std::string given_by(const std::string& setting) {
  return "give --" + setting + " or " + environment_name("dmp-canary", setting) +
         "; `./dmp env` prints those of the stack that is up: eval \"$(./dmp env)\"";
}

Status missing(const std::string& setting) {
  return bad(setting, "is empty; " + given_by(setting));
}

double ms(milliseconds duration) { return static_cast<double>(duration.count()); }

void declare_load(Settings& settings, Options& options) {
  settings.add("run", options.run, "name of the run, a-z and 0-9; empty: made from the time");
  settings.add("clients", options.clients, "MQTT clients, each a RAE of its own", 1, 20'000);
  settings.add("rate", options.rate, "updates per second of all clients together", 0, 100'000);
  settings.add("payload", options.payload, "bytes of an update, about", 1, 8'000);
  settings.add("ramp", options.ramp, "over which clients connect", 0ms, 1h);
  settings.add("publish", options.publish, "how long they send updates", 0ms, 24h);
  settings.add("hold", options.hold, "how long they stay afterwards", 0ms, 24h);
  settings.add("grace", options.grace, "how long a phase may last beyond its last event", 1s,
               10min);
  settings.add("storm", options.storm, "everybody connects at once, without ramp and window");
  settings.add("connects-at-once", options.connects_at_once, "connects under way, at most", 1,
               20'000);
  settings.add("probe", options.probe, "one more client, on another MQTT library, as a witness");
  settings.add("connect-timeout", options.connect_timeout, "until CONNACK", 100ms, 5min);
}

void declare_access(Settings& settings, Options& options) {
  settings.add("mqtt-uri", options.mqtt_uri, "broker, ssl://HOST:PORT");
  settings.add("mqtt-ca", options.mqtt_ca, "certificate authority of the broker, PEM file");
  settings.add("certificates", options.certificates, "folder of the clients' certificates");
  settings.add("authority-certificate", options.authority_certificate,
               "authority that signs them, PEM file");
  settings.add("authority-key", options.authority_key,
               "its private key, PEM file; `run` then makes the certificates and removes them");
  settings.add("valid", options.valid, "how long the certificates are good", 1min, 48h);
  settings.add("rest", options.rest, "REST API, https://HOST:PORT; empty: nobody looks there");
  settings.add("rest-ca", options.rest_ca, "its certificate authority, PEM file");
  settings.add("rest-token", options.rest_token, "file with the bearer token");
  settings.add("rest-sample", options.rest_sample, "clients whose updates are looked for in REST",
               0, 1000);
  settings.add("bridge-metrics", options.bridge_metrics, "bridge's admin port, http://HOST:PORT");
  settings.add("registry-metrics", options.registry_metrics,
               "registry's admin port, http://HOST:PORT");
}

void declare_judgement(Settings& settings, Options& options) {
  settings.add("fail-if", options.fail_if,
               "thresholds, as puback.p99>200ms or lost>0; not_visible only with rest");
  settings.add("connect-budget", options.connect_budget, "p99 until CONNACK, for the verdict", 1ms,
               10min);
  settings.add("suback-budget", options.suback_budget, "p99 until SUBACK", 1ms, 10min);
  settings.add("puback-budget", options.puback_budget,
               "p99 until PUBACK; the canary itself may be late by a tenth of it", 1ms, 10min);
  settings.add("confirmed-budget", options.confirmed_budget, "p99 until Kafka has it", 1ms, 10min);
  settings.add("visible-budget", options.visible_budget, "p99 until REST shows it", 1ms, 10min);
  settings.add("lag-budget", options.lag_budget, "records the registry may be behind", 0,
               100'000'000);
}

void declare_outputs(Settings& settings, Options& options) {
  settings.add("json", options.json, "file for the report as JSON");
  settings.add("html", options.html, "file for the report as one HTML page");
  settings.add("junit", options.junit, "file for the thresholds as JUnit XML");
  settings.add("prometheus", options.prometheus, "file for the figures as Prometheus text");
  settings.add("compare", options.compare,
               "JSON report of an earlier run to compare with; may be the one of json");
  settings.add("every", options.every, "run again and again, so long after each start; 0ms: once",
               0ms, 24h * 7);
  settings.add("jitter", options.jitter,
               "with --every, each start is later by a random part of this", 0ms, 24h);
  settings.add("admin-address", options.admin_address,
               "where /livez, /readyz and /metrics are, with --every");
  settings.add("admin-port", options.admin_port, "its port; 0: any free one", 0, 65535);
}

Status check_url(const std::string& name, const std::string& value, const std::string& scheme) {
  if (value.empty() || parse_address(value, scheme)) return {};
  return bad(name, "expected " + scheme + "HOST:PORT and nothing behind it, got '" + value + "'");
}

Status check_access(const Options& options) {
  if (const auto broker = parse_broker(options.mqtt_uri); !broker) {
    return tl::unexpected(broker.error());
  }
  if (options.mqtt_ca.empty()) return missing("mqtt-ca");
  if (auto status = check_url("rest", options.rest, "https://"); !status) return status;
  if (!options.rest.empty() && (options.rest_ca.empty() || options.rest_token.empty())) {
    return bad("rest", "needs rest-ca and rest-token too; " +
                           given_by(options.rest_ca.empty() ? "rest-ca" : "rest-token"));
  }
  if (auto status = check_url("bridge-metrics", options.bridge_metrics, "http://"); !status) {
    return status;
  }
  return check_url("registry-metrics", options.registry_metrics, "http://");
}

// Each report needs a file of its own.
Status check_files(const Options& options) {
  const std::pair<const char*, const std::string&> files[] = {{"json", options.json},
                                                              {"html", options.html},
                                                              {"junit", options.junit},
                                                              {"prometheus", options.prometheus}};
  for (auto one = std::begin(files); one != std::end(files); ++one) {
    for (auto other = std::begin(files); other != one; ++other) {
      if (one->second.empty() || one->second != other->second) continue;
      return bad(one->first,
                 one->second + " is the file of " + other->first + " already; name another");
    }
  }
  return {};
}

}  // namespace

void Options::declare(Settings& settings) {
  settings.commands(command, {{std::string(kRun), "flood the control plane and judge it"},
                              {std::string(kCertificates), "make the clients' certificates"}});
  declare_load(settings, *this);
  declare_access(settings, *this);
  declare_judgement(settings, *this);
  declare_outputs(settings, *this);
  settings.check([this] { return check(); });
}

Status Options::check() const {
  if (!run.empty() && !is_run_name(run)) {
    return bad("run", "'" + run + "' is not 1 to 20 of a-z and 0-9");
  }
  if (authority_key.empty() != authority_certificate.empty()) {
    return bad("authority-key", "and authority-certificate belong together; give both or none");
  }
  if (command == kCertificates) {
    if (authority_key.empty()) return missing("authority-key");
    return run.empty() ? bad("run", "is empty; name the run they are for") : Status();
  }
  if (auto status = check_access(*this); !status) return status;
  if (run.empty() && authority_key.empty()) {
    return bad("run", "is empty; name the run that the certificates are for, or " +
                          given_by("authority-key"));
  }
  if (every.count() > 0 && (authority_key.empty() || !run.empty())) {
    return bad("every", "needs authority-key and no run: each run has a name and certificates");
  }
  if (every.count() > 0 && every < least()) {
    return bad("every", format_duration(every) + " is shorter than a run, which takes " +
                            format_duration(least()) + " at least; give more");
  }
  if (auto status = check_files(*this); !status) return status;
  for (const std::string& text : fail_if) {
    if (const auto threshold = Threshold::parse(text); !threshold) {
      return tl::unexpected(threshold.error().within("setting fail-if"));
    }
  }
  return {};
}

Load Options::load() const { return {clients, rate, ramp, publish, hold, grace, storm}; }

Budgets Options::budgets() const {
  return {ms(connect_budget),   ms(suback_budget),  ms(puback_budget),
          ms(confirmed_budget), ms(visible_budget), static_cast<double>(lag_budget)};
}

std::vector<Threshold> Options::thresholds() const {
  std::vector<Threshold> all;
  const bool nobody_counts = rest.empty() && fail_if == Options().fail_if;
  for (const std::string& text : fail_if) {
    if (nobody_counts && text == kNotVisible) continue;
    all.push_back(*Threshold::parse(text));
  }
  return all;
}

std::optional<HostPort> parse_address(const std::string& uri, const std::string& scheme) {
  if (!uri.starts_with(scheme)) return std::nullopt;
  const std::string rest = uri.substr(scheme.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto port = parse_port(std::string_view(rest).substr(colon + 1));
  if (!port) return std::nullopt;
  HostPort parsed{rest.substr(0, colon), *port};
  if (parsed.host.find_first_of("/?#@ ") != std::string::npos) return std::nullopt;
  if (parsed.host.starts_with('[') && parsed.host.ends_with(']')) {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  }
  return parsed;
}

Result<HostPort> parse_broker(const std::string& uri) {
  if (auto parsed = parse_address(uri, "ssl://")) return std::move(*parsed);
  return fail("bad_setting", "setting mqtt-uri: expected ssl://HOST:PORT, got '" + uri + "'");
}

}  // namespace dmp::canary
