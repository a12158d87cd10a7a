// Options of dmp-canary: one table, used for flags, environment, file and help.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "canary/core/plan.h"
#include "canary/core/threshold.h"
#include "canary/core/verdict.h"

namespace dmp::canary {

struct Options {
  using Duration = std::chrono::milliseconds;

  std::string command;
  std::string run;  // empty: named by its start
  std::int64_t clients = 3000;
  std::int64_t rate = 300;
  std::int64_t payload = 930;
  Duration ramp{20'000};
  Duration publish{30'000};
  Duration hold{5'000};
  Duration grace{30'000};
  bool storm = false;
  std::int64_t connects_at_once = 64;
  Duration connect_timeout{15'000};

  std::string mqtt_uri = "ssl://127.0.0.1:8883";
  std::string mqtt_ca;
  std::string certificates = "canary-certificates";
  std::string authority_certificate;
  std::string authority_key;
  Duration valid{4 * 3'600'000};

  bool probe = true;

  std::string rest;
  std::string rest_ca;
  std::string rest_token;  // file
  std::int64_t rest_sample = 16;
  std::string bridge_metrics;
  std::string registry_metrics;

  std::vector<std::string> fail_if = {"lost>0", "refused>0", "disconnected>0", "unsent>0",
                                      "not_visible>0"};  // the last one if there is rest
  Duration connect_budget{2'000};
  Duration suback_budget{1'000};
  Duration puback_budget{200};
  Duration confirmed_budget{2'000};
  Duration visible_budget{5'000};
  std::int64_t lag_budget = 20'000;

  std::string json;
  std::string html;
  std::string junit;
  std::string prometheus;
  std::string compare;

  Duration every{0};
  Duration jitter{0};
  std::string admin_address = "127.0.0.1";
  std::int64_t admin_port = 0;

  // `this` must outlive `settings`.
  void declare(Settings& settings);
  [[nodiscard]] Status check() const;

  // How many certificates a run needs.
  [[nodiscard]] std::int64_t identities() const { return clients + (probe ? 1 : 0); }

  // How long a run takes if nothing is waited for, and if as much as it may.
  [[nodiscard]] Duration least() const { return ramp + ramp / 2 + publish + hold; }
  [[nodiscard]] Duration most() const { return least() + 5 * grace; }

  // REQUIRES: check() passed.
  [[nodiscard]] Load load() const;
  [[nodiscard]] Budgets budgets() const;
  [[nodiscard]] std::vector<Threshold> thresholds() const;
};

inline constexpr std::string_view kRun = "run";
inline constexpr std::string_view kCertificates = "certificates";

struct HostPort {
  std::string host;
  int port = 0;
};
// Of SCHEME HOST:PORT, also with an IPv6 address in brackets. Nothing: it is none, or more.
std::optional<HostPort> parse_address(const std::string& uri, const std::string& scheme);
// Of ssl://HOST:PORT.
Result<HostPort> parse_broker(const std::string& uri);

}  // namespace dmp::canary
