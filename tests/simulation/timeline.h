// Timeline: virtual time and what is to happen in it, and the readable history of a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace dmp::simulation {

// Since the beginning of the history.
using SimTime = std::chrono::microseconds;

inline constexpr SimTime kNever = SimTime::max();

// The true time, as the cloud's clocks show it, when the history begins.
inline constexpr std::int64_t kBeginUs = 1'700'000'000'000'000;

// Not the epoch of the steady clock, which the cores use as "at once".
inline constexpr SteadyTime kSteadyBegin{std::chrono::hours(1)};

class Timeline {
 public:
  explicit Timeline(bool with_history) : with_history_(with_history) {}

  [[nodiscard]] SimTime now() const { return now_; }
  [[nodiscard]] std::int64_t true_us() const { return kBeginUs + now_.count(); }
  [[nodiscard]] SteadyTime steady() const { return kSteadyBegin + now_; }

  void in(SimTime delay, std::function<void()> what) {
    events_.emplace(now_ + delay, std::move(what));
  }

  [[nodiscard]] SimTime next() const { return events_.empty() ? kNever : events_.begin()->first; }

  // What is due at `time` happens, in the order in which it was asked for.
  void advance(SimTime time) {
    now_ = time;
    while (!events_.empty() && events_.begin()->first <= time) {
      auto event = events_.extract(events_.begin());
      event.mapped()();
    }
  }

  [[nodiscard]] bool with_history() const { return with_history_; }
  void tell(const std::string& who, const std::string& what) {
    if (!with_history_) return;
    std::string stamp = std::to_string(now_.count() / 1000);
    stamp.insert(0, stamp.size() < 7 ? 7 - stamp.size() : 0, ' ');
    history_ += stamp + " ms  " + who + "  " + what + "\n";
  }
  [[nodiscard]] const std::string& history() const { return history_; }

 private:
  SimTime now_{0};
  std::multimap<SimTime, std::function<void()>> events_;
  bool with_history_;
  std::string history_;
};

}  // namespace dmp::simulation
