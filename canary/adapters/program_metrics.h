// ProgramMetrics: asks the bridge and the registry for their metrics twice a second, on a thread of
// its own, and pushes Readings. One that does not answer within a second is told as missing.
#pragma once

#include <string>
#include <thread>

#include "canary/ports.h"

namespace dmp::canary {

struct MetricsSources {
  std::string bridge;  // http://HOST:PORT; empty: not asked
  std::string registry;

  [[nodiscard]] bool any() const { return !bridge.empty() || !registry.empty(); }
};

class ProgramMetrics {
 public:
  // `queue` outlives it.
  ProgramMetrics(MetricsSources sources, ObservationQueue& queue)
      : sources_(std::move(sources)), queue_(queue) {}

  void run();
  void ask_to_stop() { thread_.request_stop(); }  // does not wait
  void stop();

 private:
  void watch(const std::stop_token& stop);

  const MetricsSources sources_;
  ObservationQueue& queue_;
  std::jthread thread_;
};

}  // namespace dmp::canary
