// Backoff: how long to wait before the next attempt. Pure; owned by whoever retries.
//
// Doubles from `first` to `most`, each delay spread by ±`jitter_percent` so that many clients that
// failed together do not come back together.
#pragma once

#include <chrono>
#include <cstdint>

namespace dmp {

struct BackoffLimits {
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds most{30000};
  int jitter_percent = 20;  // 0-100
};

class Backoff {
 public:
  Backoff(BackoffLimits limits, std::uint64_t seed);

  // The delay before the next attempt; each call counts one failure.
  std::chrono::milliseconds next();

  // After a success.
  void reset() { failures_ = 0; }

  [[nodiscard]] int failures() const { return failures_; }

 private:
  BackoffLimits limits_;
  std::uint64_t random_;
  int failures_ = 0;
};

}  // namespace dmp
