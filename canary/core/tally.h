// Tally: everything a run measures and counts of its clients. Bounded, whatever happens. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "canary/core/figures.h"
#include "canary/core/histogram.h"

namespace dmp::canary {

// In the order of kStages.
enum class Stage {
  kConnect,
  kConnectTcp,
  kConnectTls,
  kConnectMqtt,
  kSuback,
  kPuback,
  kConfirmed,
  kVisible,
  kWireLate
};
inline constexpr std::size_t kStageCount = std::size(kStages);

// How far a connect came that failed.
enum class ConnectStep {
  kReach,              // no TCP connection
  kBrokerCertificate,  // the broker's is not one to trust
  kTls,                // the handshake failed otherwise
  kMqtt,               // the broker would not have the client
  kAnswer,             // no CONNACK in time
  kNeverBegun          // those before it did not end
};

struct ConnectFailure {
  ConnectStep step = ConnectStep::kReach;
  std::string why;
};

// Reason -> how often. At most 32 reasons; further ones count as "other".
class Reasons {
 public:
  void add(const std::string& reason);
  [[nodiscard]] const std::map<std::string, std::int64_t>& all() const { return counts_; }
  [[nodiscard]] std::int64_t total() const;

 private:
  std::map<std::string, std::int64_t> counts_;
};

// Connects that failed, by reason; bounded as Reasons are.
class ConnectFailures {
 public:
  void add(const ConnectFailure& failure);
  [[nodiscard]] const std::map<std::string, std::int64_t>& all() const { return reasons_.all(); }
  [[nodiscard]] std::int64_t total() const { return reasons_.total(); }
  // The most frequent one of those that were begun; nothing if there is none.
  [[nodiscard]] std::optional<ConnectFailure> foremost() const;

 private:
  Reasons reasons_;
  std::map<std::string, ConnectStep> steps_;
};

// One second of a run, for its charts.
struct Second {
  std::int64_t connected = 0;
  std::int64_t sent = 0;
  std::int64_t acknowledged = 0;
  std::int64_t confirmed = 0;
  std::array<Micros, kStageCount> worst{};
  double lag = 0;
};

class Tally {
 public:
  static constexpr std::size_t kSecondsMax = 7200;

  // A stage was reached at `at`, having been due at `due`, both since the run began.
  void reached(Stage stage, Micros due, Micros at);

  [[nodiscard]] LatencyHistogram& histogram(Stage stage);
  [[nodiscard]] const LatencyHistogram& histogram(Stage stage) const;
  // The second of a moment; the last one for what comes after kSecondsMax.
  Second& second(Micros at);
  [[nodiscard]] const std::vector<Second>& seconds() const { return seconds_; }

  void add_figures(Figures& figures) const;

  std::int64_t connected = 0, retransmitted = 0, subscribed = 0, suback_refused = 0;
  std::int64_t sent = 0, unsent = 0, acknowledged = 0, not_taken = 0, forbidden = 0;
  std::int64_t confirmed = 0, rejected = 0, lost = 0, duplicates = 0, reordered = 0, unknown = 0;
  std::int64_t left = 0, forced = 0;
  // Clients whose last confirmed update the list does not show; nothing: nobody counted.
  std::optional<std::int64_t> not_visible;
  ConnectFailures refused;
  Reasons disconnected;
  LatencyHistogram connect_without_retransmit;

 private:
  std::array<LatencyHistogram, kStageCount> histograms_;
  std::vector<Second> seconds_;
};

}  // namespace dmp::canary
