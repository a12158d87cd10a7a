#include "canary/core/watch.h"

#include <algorithm>

namespace dmp::canary {
namespace {

constexpr std::size_t kLagsMax = 20'000;

double seconds(Micros time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

std::optional<BridgeReading> read_bridge(std::string_view metrics) {
  if (!has_all(metrics, kBridgeNames)) return std::nullopt;
  return BridgeReading{.stored_after = buckets_of(metrics, "dmp_bridge_stored_after_seconds"),
                       .oldest_s = sum_of(metrics, "dmp_bridge_window_oldest_seconds"),
                       .window_open = least_of(metrics, "dmp_bridge_valve_open").value_or(1) > 0};
}

std::optional<RegistryReading> read_registry(std::string_view metrics) {
  if (!has_all(metrics, kRegistryNames)) return std::nullopt;
  return RegistryReading{.lag_records = sum_of(metrics, "dmp_ingest_lag_records"),
                         .batch_seconds = buckets_of(metrics, "dmp_ingest_batch_seconds"),
                         .batches = sum_of(metrics, "dmp_ingest_batches_total"),
                         .retries = sum_of(metrics, "dmp_ingest_retries_total")};
}

void Watch::take(const Reading& reading) {
  asked_bridge_ |= reading.asked_bridge;
  asked_registry_ |= reading.asked_registry;
  const double passed_s = last_at_ ? seconds(reading.at - *last_at_) : 0;
  last_at_ = reading.at;
  if (reading.asked_bridge) take_bridge(reading, passed_s);
  if (reading.asked_registry) take_registry(reading, passed_s);
}

void Watch::take_bridge(const Reading& reading, double passed_s) {
  if (!reading.bridge) {
    bridge_away_s_ += passed_s;
    return;
  }
  if (!first_bridge_) first_bridge_ = reading.bridge;
  last_bridge_ = reading.bridge;
  bridge_oldest_s_ = std::max(bridge_oldest_s_, reading.bridge->oldest_s);
  if (!reading.bridge->window_open) window_closed_s_ += passed_s;
}

void Watch::take_registry(const Reading& reading, double passed_s) {
  if (!reading.registry) {
    registry_away_s_ += passed_s;
    return;
  }
  const RegistryReading& now = *reading.registry;
  const bool stalled = last_registry_ && now.lag_records > 0 && last_registry_->lag_records > 0 &&
                       now.batches == last_registry_->batches;
  stalled_s_ = stalled ? stalled_s_ + passed_s : 0;
  longest_stall_s_ = std::max(longest_stall_s_, stalled_s_);
  if (!first_registry_) first_registry_ = now;
  last_registry_ = now;
  if (reading.at <= Micros(0)) {
    lag_before_ = std::max(lag_before_, now.lag_records);
    return;
  }
  peak_lag_ = std::max(peak_lag_, now.lag_records);
  if (lags_.size() < kLagsMax) lags_.push_back({reading.at, now.lag_records});
}

bool Watch::lag_is_back() const {
  return !last_registry_ || last_registry_->lag_records <= lag_before_;
}

void Watch::add_figures(Figures& figures, Micros burst_end) const {
  if (first_bridge_) {
    const Buckets stored = since(first_bridge_->stored_after, last_bridge_->stored_after);
    figures["bridge_stored_p99_ms"] = 1000 * quantile(stored, 99);
    figures["bridge_oldest_s"] = bridge_oldest_s_;
    figures["bridge_window_closed_s"] = window_closed_s_;
  }
  if (asked_bridge_) figures["bridge_away_s"] = bridge_away_s_;
  if (asked_registry_) figures["registry_away_s"] = registry_away_s_;
  if (!first_registry_) return;
  const Buckets batches = since(first_registry_->batch_seconds, last_registry_->batch_seconds);
  figures["ingest_batch_p99_ms"] = 1000 * quantile(batches, 99);
  figures["ingest_retries"] = std::max(0.0, last_registry_->retries - first_registry_->retries);
  figures["ingest_stalled_s"] = longest_stall_s_;
  figures["lag_before"] = lag_before_;
  figures["peak_lag"] = peak_lag_;
  const auto back = std::find_if(lags_.begin(), lags_.end(), [&](const LagAt& lag) {
    return lag.at >= burst_end && lag.records <= lag_before_;
  });
  // Never back: the figure is missing rather than a number that looks good.
  if (back != lags_.end()) figures["s_to_lag_zero"] = seconds(back->at - burst_end);
}

}  // namespace dmp::canary
