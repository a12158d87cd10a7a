// PahoProbe: one client on Eclipse Paho beside the fleet, the library that agents and bridge use.
//
// It sends an update, waits for its PUBACK, and again, a few times a second, on a thread of its
// own. So the fleet's PUBACK figures have a second witness that shares no code with them. Its
// connect time is not told: Paho's own wake-ups take up to two seconds of it.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "canary/core/histogram.h"
#include "canary/core/voice.h"

namespace dmp::canary {

struct ProbeAccess {
  std::string uri;  // ssl://HOST:PORT
  std::string ca;   // PEM files
  std::string certificate;
  std::string key;
};

class PahoProbe {
 public:
  PahoProbe(ProbeAccess access, Voice voice)
      : access_(std::move(access)), voice_(std::move(voice)) {}
  ~PahoProbe() { stop(); }
  PahoProbe(const PahoProbe&) = delete;
  PahoProbe& operator=(const PahoProbe&) = delete;

  void run();
  void ask_to_stop() { thread_.request_stop(); }  // does not wait
  void stop();

  // After stop().
  [[nodiscard]] const LatencyHistogram& puback() const { return puback_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }

 private:
  void probe(const std::stop_token& stop);

  const ProbeAccess access_;
  Voice voice_;
  LatencyHistogram puback_;
  std::int64_t failures_ = 0;
  std::jthread thread_;
};

}  // namespace dmp::canary
