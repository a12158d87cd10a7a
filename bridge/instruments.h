// Instruments: everything the bridge counts and measures. Thread-safe, as metrics are.
#pragma once

#include <string>
#include <vector>

#include "base/metrics.h"

namespace dmp::bridge {

class Instruments {
 public:
  explicit Instruments(Metrics& metrics);

  // Fine where the bridge's targets are.
  static std::vector<double> stored_after_bounds();

  // A message was refused for `code`; it goes to dead letters.
  void refused(const std::string& code);
  // A command did not reach the broker, or the broker refused it.
  void not_passed_on(const std::string& reason);

 private:
  Metrics& metrics_;

 public:
  Counter received;
  Counter duplicates;
  Counter properties_dropped;
  Counter window_refused;
  Counter holds;
  Counter window_replayed;
  Counter window_lost;
  Counter window_set_aside;
  Counter stored;
  Counter dead_lettered;
  Counter dead_letters_lost;
  Counter isolated;
  Counter producer_rebuilds;
  Counter confirmed;
  Counter confirmations_lost;
  Counter connects;
  Counter sessions_lost;
  Counter passed_on;
  Counter heartbeats_stored;
  Counter echoes_heard;
  Counter raes_forgotten;
  Gauge connected;
  Gauge valve_open;
  Gauge window_messages;
  Gauge window_bytes;
  Gauge window_oldest_seconds;
  Gauge in_flight;
  Gauge heartbeat_seconds;
  Gauge echo_seconds;
  Gauge raes_known;
  Histogram stored_after_seconds;
  Histogram acknowledged_after_seconds;
};

}  // namespace dmp::bridge
