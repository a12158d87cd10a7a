// Plan: what a run does and when. Every moment is fixed before the run begins (an open loop): a
// slow broker delays answers, never the next question, so its slowness is not left out of the
// figures. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "canary/core/histogram.h"

namespace dmp::canary {

enum class Phase { kConnect, kSubscribe, kPublish, kHold, kLeave };
std::string_view name_of(Phase phase);

struct Load {
  std::int64_t clients = 3000;
  std::int64_t rate = 300;                // updates per second, of all clients together
  Micros ramp{std::chrono::seconds(20)};  // over which clients connect, subscribe and leave
  Micros publish{std::chrono::seconds(30)};
  Micros hold{std::chrono::seconds(5)};
  Micros grace{std::chrono::seconds(30)};  // a phase ends so long after its last event at latest
  bool storm = false;                      // everybody connects at once
};

// `events` evenly spread over `over`; the phase ends when each has been answered, and `grace` after
// the last was due at the latest. Not before `over`, whatever is answered.
struct PhasePlan {
  Phase phase = Phase::kConnect;
  std::int64_t events = 0;
  Micros over{0};
  Micros grace{0};

  [[nodiscard]] Micros due(std::int64_t event) const;  // since the phase began
  [[nodiscard]] Micros deadline() const { return over + grace; }
};

// In order.
std::vector<PhasePlan> phases_of(const Load& load);

// Where a phase stands. `now` is the time since the phase began; it never goes back.
class PhaseRun {
 public:
  explicit PhaseRun(const PhasePlan& plan) : plan_(plan) {}

  // The next event if it is due; each is given once, in order, none is ever left out.
  std::optional<std::int64_t> take_due(Micros now);

  // When the next event is due; nothing if none is left.
  [[nodiscard]] std::optional<Micros> next_due() const;

  // `answered`: how many events came to an end, good or bad.
  [[nodiscard]] bool is_over(Micros now, std::int64_t answered) const;

  [[nodiscard]] std::int64_t begun() const { return next_; }
  [[nodiscard]] std::int64_t left() const { return plan_.events - next_; }
  [[nodiscard]] const PhasePlan& plan() const { return plan_; }

 private:
  PhasePlan plan_;
  std::int64_t next_ = 0;
};

}  // namespace dmp::canary
