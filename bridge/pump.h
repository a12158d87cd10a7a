// Pump: the bridge's loop. It owns the connection to the broker and drives uplink and downlink.
//
// run() works until it is asked to stop; then, within kStopPatience, it stores what it holds, sends
// the last confirmations and leaves. What it could not store is not confirmed and counted in the
// log. live() and ready() are for any thread, everything else for the loop's.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/admin_port.h"
#include "base/clock.h"
#include "base/pace.h"
#include "bridge/core/echo.h"
#include "bridge/core/link.h"
#include "bridge/core/valve.h"
#include "bridge/downlink.h"
#include "bridge/instruments.h"
#include "bridge/ports.h"
#include "bridge/uplink.h"
#include "bridge/wake.h"

namespace dmp::bridge {

class Pump {
 public:
  static constexpr std::chrono::seconds kStopPatience{8};
  // Of which the connection stays up for confirmations.
  static constexpr std::chrono::seconds kConfirmPatience{3};
  static constexpr std::chrono::seconds kConfirmationExpiry{60};

  // The references must outlive it.
  Pump(WaterMarks marks, std::uint64_t seed, Uplink& uplink, Downlink& downlink, Window& window,
       Source& source, Wake& wake, const Clock& clock, Instruments& instruments);

  void run(const std::stop_token& stop);

  // One round of everything that is due; when the next is due if nothing happens before.
  SteadyTime turn();

  [[nodiscard]] Verdict live() const;
  [[nodiscard]] Verdict ready() const;

 private:
  void hear();
  void on(const SourceEvent& event);
  void on_up(bool session_present);
  // Messages in the window since the start.
  [[nodiscard]] std::uint64_t arrived() const;
  void on_subscribed();
  void begin_commands();
  void listen();
  void on_echo(std::uint64_t number);
  void on_down(const std::string& reason);
  void turn_valve(const WindowLevel& level);
  void steer();
  void answer(bool all);
  void observe();
  void drain();
  // Turns until `done` or `deadline`.
  template <class Condition>
  void turn_until(SteadyTime deadline, Condition done);
  [[nodiscard]] Verdict readiness() const;

  Uplink& uplink_;
  Downlink& downlink_;
  Window& window_;
  Source& source_;
  Wake& wake_;
  const Clock& clock_;
  Instruments& instruments_;

  Valve valve_;
  Link link_;
  Echo echo_;
  std::uint64_t arrived_ = 0;  // when we last looked
  Pace pace_;
  bool is_subscribed_ = false;
  std::optional<std::uint64_t> heard_at_;  // messages taken when commands may begin
  bool stopping_ = false;
  std::uint64_t window_refused_ = 0;
  std::uint64_t confirmations_dropped_ = 0;
  std::string down_reason_ = "not connected yet";
  SteadyTime next_observation_{};

  std::atomic<SteadyTime> last_turn_;
  mutable std::mutex mutex_;
  Verdict ready_;  // protected by mutex_
};

}  // namespace dmp::bridge
