// LinkPresence: whether a device answers on one of its links, from single hits and misses.
//
// One hit makes it up. It goes down by `misses` misses within `window` without a hit between, or at
// once when its cable is out. Misses closer together than `echo` are one: the kernel repeats
// itself. Owned by the agent's loop. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"

namespace dmp::local {

struct PresenceLimits {
  int misses = 2;
  std::chrono::milliseconds window{15'000};
  std::chrono::milliseconds echo{400};
};

class LinkPresence {
 public:
  enum class State { kUnproven, kUp, kDown };

  explicit LinkPresence(PresenceLimits limits = {}) : limits_(limits) {}

  void hit();
  // `window`: how far apart misses of this kind may be and still add up.
  void miss(SteadyTime now, std::chrono::milliseconds window);
  void miss(SteadyTime now) { miss(now, limits_.window); }
  void cable_out();
  // Nothing is known any more, until the next hit or miss.
  void doubt();

  [[nodiscard]] State state() const { return state_; }
  // Why it is down: "no_answer" or "link_down".
  [[nodiscard]] std::string_view reason() const { return cable_out_ ? "link_down" : "no_answer"; }

 private:
  PresenceLimits limits_;
  State state_ = State::kUnproven;
  bool cable_out_ = false;
  int missed_ = 0;
  SteadyTime last_miss_;
};

}  // namespace dmp::local
