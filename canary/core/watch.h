// Watch: what the platform's programs said of themselves during a run, as figures. Pure.
#pragma once

#include <optional>
#include <vector>

#include "canary/core/exposition.h"
#include "canary/core/figures.h"

namespace dmp::canary {

struct BridgeReading {
  Buckets stored_after;     // seconds from taking a message to Kafka's report
  double oldest_s = 0;      // in the window
  bool window_open = true;  // false: it is full and waits for Kafka
};

struct RegistryReading {
  double lag_records = 0;
  Buckets batch_seconds;
  double batches = 0;
  double retries = 0;
};

// One look at all programs. One that did not answer, or is not looked at, is not there.
struct Reading {
  Micros at{0};  // since the run began; negative: before it
  bool asked_bridge = false;
  bool asked_registry = false;
  std::optional<BridgeReading> bridge;
  std::optional<RegistryReading> registry;
};

// Names that such a program's metrics have from its start, whatever it has done.
inline constexpr std::string_view kBridgeNames[] = {"dmp_bridge_valve_open",
                                                    "dmp_bridge_window_oldest_seconds",
                                                    "dmp_bridge_stored_after_seconds_bucket"};
inline constexpr std::string_view kRegistryNames[] = {"dmp_ingest_batches_total",
                                                      "dmp_ingest_batch_seconds_bucket"};

// Nothing: those are another program's.
std::optional<BridgeReading> read_bridge(std::string_view metrics);
std::optional<RegistryReading> read_registry(std::string_view metrics);

class Watch {
 public:
  // REQUIRES: times rise.
  void take(const Reading& reading);

  // `burst_end`: when the last update went out. The lag counts as gone once it is no more than
  // before the run.
  void add_figures(Figures& figures, Micros burst_end) const;

  [[nodiscard]] double lag() const { return last_registry_ ? last_registry_->lag_records : 0; }
  // No more behind than before the run began; true as well if nobody is asked.
  [[nodiscard]] bool lag_is_back() const;

 private:
  void take_bridge(const Reading& reading, double passed_s);
  void take_registry(const Reading& reading, double passed_s);

  struct LagAt {
    Micros at{0};
    double records = 0;
  };
  std::vector<LagAt> lags_;  // bounded: what does not fit is kept only as the peak
  std::optional<Micros> last_at_;
  std::optional<BridgeReading> first_bridge_, last_bridge_;
  std::optional<RegistryReading> first_registry_, last_registry_;
  bool asked_bridge_ = false, asked_registry_ = false;
  double bridge_away_s_ = 0, bridge_oldest_s_ = 0, window_closed_s_ = 0;
  double registry_away_s_ = 0, stalled_s_ = 0, longest_stall_s_ = 0;
  double peak_lag_ = 0, lag_before_ = 0;
};

}  // namespace dmp::canary
