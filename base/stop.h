// Stop: SIGTERM, SIGINT and SIGHUP as a std::stop_token; a SIGHUP that is ignored stays so.
//
// Construct it first in main: it blocks those signals in the calling thread, and every thread
// started later inherits that. SIGPIPE is ignored for the whole process (Paho C 1.3.12 and libpq
// write to sockets whose peer may be gone). A second signal ends the process at once with
// status 128 + signal. A process that still runs `end_within` after it was asked to stop, by a
// signal or by request(), says so and ends itself with status kOverdue: whatever hangs, a stop is
// bounded.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

namespace dmp {

// Waits; true, at once, if the token is stopped within `patience`.
bool stopped_within(const std::stop_token& token, std::chrono::milliseconds patience);

class Stop {
 public:
  static constexpr std::chrono::seconds kEndWithin{10};
  static constexpr int kOverdue = 70;  // EX_SOFTWARE

  explicit Stop(std::chrono::milliseconds end_within = kEndWithin);
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // Starts the thread that waits for the signals.
  void run();

  // Thread-safe.
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  void request() { source_.request_stop(); }

 private:
  void wait_for_signals(const std::stop_token& end);

  const std::chrono::milliseconds end_within_;
  std::optional<std::chrono::steady_clock::time_point> end_by_;  // of the thread
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace dmp
