#include "canary/core/plan.h"

namespace dmp::canary {

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::kConnect:
      return "connect";
    case Phase::kSubscribe:
      return "subscribe";
    case Phase::kPublish:
      return "publish";
    case Phase::kHold:
      return "hold";
    case Phase::kLeave:
      return "leave";
  }
  return "";
}

Micros PhasePlan::due(std::int64_t event) const {
  // Of the whole, not by adding steps: no rounding adds up.
  return events == 0
             ? Micros(0)
             : Micros(over.count() / events * event + over.count() % events * event / events);
}

std::vector<PhasePlan> phases_of(const Load& load) {
  const Micros ramp = load.storm ? Micros(0) : load.ramp;
  const std::int64_t updates = load.rate * load.publish.count() / 1'000'000;
  return {{Phase::kConnect, load.clients, ramp, load.grace},
          {Phase::kSubscribe, load.clients, ramp / 4, load.grace},
          {Phase::kPublish, updates, load.publish, load.grace},
          {Phase::kHold, 0, load.hold, load.grace},
          {Phase::kLeave, load.clients, ramp / 4, load.grace}};
}

std::optional<std::int64_t> PhaseRun::take_due(Micros now) {
  if (next_ >= plan_.events || plan_.due(next_) > now) return std::nullopt;
  return next_++;
}

std::optional<Micros> PhaseRun::next_due() const {
  if (next_ >= plan_.events) return std::nullopt;
  return plan_.due(next_);
}

bool PhaseRun::is_over(Micros now, std::int64_t answered) const {
  if (now >= plan_.deadline()) return true;
  return now >= plan_.over && next_ == plan_.events && answered >= plan_.events;
}

}  // namespace dmp::canary
