#include "tests/simulation/world.h"

#include <algorithm>

namespace dmp::simulation {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr SimTime kFaultsFor = minutes(4);
constexpr int kDevices = 3;

}  // namespace

World::World(std::uint64_t seed, Plant plant, bool with_history)
    : plant_(plant),
      dice_(seed),
      timeline_(with_history),
      network_(timeline_, dice_,
               [this](const registry::Record& record) { cloud_.consume(record); }),
      cloud_(timeline_, dice_, network_, plant) {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    const std::string name = "rae-" + std::to_string(i + 1);
    const RaeSerial rae = RaeSerial::parse(name).value();
    Site& site = sites_[i];
    site.router = std::make_unique<Router>(rae, name, kDevices, timeline_, dice_, network_, plant);
    site.clone =
        std::make_unique<Router>(rae, name + "-clone", 1, timeline_, dice_, network_, plant);
  }
}

SimTime World::turn_routers() {
  SimTime soonest = kNever;
  for (Site& site : sites_) {
    for (Router* router : {site.router.get(), site.clone.get()}) {
      SimTime next = router->next_turn();
      if (next <= timeline_.now()) {
        router->turn();
        next = router->next_turn();
      }
      soonest = std::min(soonest, next);
    }
  }
  return std::min(soonest, timeline_.next());
}

void World::run_until(SimTime end) {
  for (SimTime time = turn_routers(); time <= end; time = turn_routers()) timeline_.advance(time);
  timeline_.advance(end);
}

Verdict World::run() {
  for (Site& site : sites_) {
    for (std::size_t i = 0; i < site.router->lan().size(); ++i) {
      if (dice_.chance(70)) site.router->lan().switch_on(i);
    }
    Router* router = site.router.get();
    timeline_.in(up_to(seconds(2)), [router] { router->boot(); });
  }
  plan_faults(kFaultsFor);
  run_until(kFaultsFor);
  end_faults();
  run_until(kFaultsFor + kQuiet);
  Verdict soon = verdict();
  if (soon.converged() || !was_ahead_) return soon;
  run_until(kFaultsFor + kLongQuiet);
  Verdict late = verdict();
  late.is_late = true;
  return late;
}

Verdict World::verdict() const {
  Verdict verdict;
  for (const Site& site : sites_) judge(site, verdict);
  verdict.history = timeline_.history();
  verdict.resyncs = cloud_.resyncs();
  return verdict;
}

}  // namespace dmp::simulation
