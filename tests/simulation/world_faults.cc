// What may go wrong in a history, and how it ends.
#include <algorithm>

#include "tests/simulation/world.h"

namespace dmp::simulation {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

enum Theme { kLan, kCrash, kClock, kWipe, kClone, kNetwork, kWeather, kThemes };

constexpr SimTime kTo2040 = hours(24 * 365 * 16);

}  // namespace

void World::plan_faults(SimTime until) {
  themes_ = {kLan};
  for (int theme = kCrash; theme < kThemes; ++theme) {
    // Clones talk so much that they would take half of the run's time.
    if (dice_.chance(theme == kClone ? 20 : 40)) themes_.push_back(theme);
  }
  if (has_alike_dice(plant_)) themes_ = {kClone, kWeather};
  network_.tells_takeover = dice_.chance(50);
  const auto last = std::chrono::duration_cast<milliseconds>(until) - seconds(1);
  const std::int64_t faults = dice_.between(4, 16);
  for (std::int64_t i = 0; i < faults; ++i) {
    timeline_.in(up_to(last), [this] { fault(sites_[dice_.chance(50) ? 0 : 1]); });
  }
}

void World::fault(Site& site) {
  switch (dice_.one_of(themes_)) {
    case kLan:
      return lan_fault(site);
    case kCrash:
      return crash(site);
    case kClock:
      return clock_fault(site);
    case kWipe:
      return wipe(site);
    case kClone:
      return clone(site);
    case kNetwork:
      return network_fault(site);
    case kWeather:
      return spoil_weather();
  }
}

void World::lan_fault(Site& site) {
  Lan& lan = site.router->lan();
  const auto place =
      static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(lan.size()) - 1));
  const int what = static_cast<int>(dice_.between(0, 3));
  timeline_.tell(site.router->name(), "LAN: device " + std::to_string(place + 1) +
                                          (what == 0   ? " gets other firmware"
                                           : what == 1 ? " changes its interface"
                                                       : " is switched"));
  if (what == 0) return lan.upgrade(place);
  if (what == 1) return lan.change_interface(place);
  lan.toggle(place);
}

void World::crash(Site& site) {
  Router* router = site.router.get();
  switch (dice_.between(0, 4)) {
    case 0:
      router->stop();
      break;
    case 1:
      router->crash_at_next_commit(dice_.chance(50) ? Disk::Crash::kBeforeCommit
                                                    : Disk::Crash::kAfterCommit);
      break;
    case 2:
      router->crash_after_publishes(static_cast<int>(dice_.between(0, 4)));
      break;
    default:
      router->crash(dice_.chance(30));
  }
  timeline_.in(milliseconds(500) + up_to(seconds(40)), [router] { router->boot(); });
}

void World::clock_fault(Site& site) {
  static const std::vector<SimTime> kErrors = {
      SimTime(0),           SimTime(-seconds(3)), SimTime(-minutes(10)),
      SimTime(-hours(1)),   -hours(24),           SimTime(minutes(3)),
      SimTime(minutes(50)), SimTime(hours(2)),    kTo2040};
  const SimTime error = dice_.one_of(kErrors);
  if (error > SimTime(0)) was_ahead_ = true;
  site.router->set_clock_error(error);
}

void World::wipe(Site& site) {
  Router* router = site.router.get();
  router->crash(dice_.chance(30));
  router->wipe();
  if (dice_.chance(70)) clock_fault(site);
  timeline_.in(milliseconds(500) + up_to(seconds(20)), [router] { router->boot(); });
}

// Two machines with one identity: a copy of a disk in use, or two that start from the same image,
// perhaps both without a clock of their own.
void World::clone(Site& site) {
  if (site.has_clone || site.clone->is_running() || !site.router->is_running()) return;
  site.has_clone = true;
  Router* router = site.router.get();
  Router* clone = site.clone.get();
  const bool is_image = dice_.chance(50);
  if (is_image) {
    router->crash(dice_.chance(30));
    if (dice_.chance(50)) router->set_clock_error(-hours(24));
    timeline_.in(up_to(seconds(2)), [router] { router->boot(); });
  }
  site.doubts = router->doubts();
  clone->become_clone_of(*router);
  clone->set_clock_error(dice_.chance(70) ? router->clock_error() : SimTime(0));
  timeline_.in(up_to(seconds(2)), [&site] {
    if (site.has_clone) site.clone->boot();
  });
  timeline_.in(milliseconds(500) + up_to(seconds(4)), [this, &site] { end_clone(site); });
}

void World::end_clone(Site& site) {
  if (!site.has_clone) return;
  // What comes and goes while the real one is cut off leaves nothing that anybody could notice.
  const auto [life, count] = site.router->doubts();
  const bool is_met = count > (life == site.doubts.life ? site.doubts.count : 0);
  if (site.router->is_running() && !is_met)
    return timeline_.in(seconds(1), [this, &site] { end_clone(site); });
  site.has_clone = false;
  dice_.chance(50) ? site.clone->crash(dice_.chance(30)) : site.clone->stop();
}

void World::network_fault(Site& site) {
  const SimTime time = milliseconds(200) + up_to(seconds(40));
  dice_.chance(50) ? network_.kill_broker(time) : network_.cut(site.router->rae(), time);
}

void World::spoil_weather() {
  Weather& weather = network_.weather;
  weather.lost_after_puback = dice_.chance(50) ? static_cast<int>(dice_.between(5, 60)) : 0;
  weather.doubled = static_cast<int>(dice_.between(0, 40));
  weather.confirm_lost = static_cast<int>(dice_.between(0, 50));
  weather.resync_lost = static_cast<int>(dice_.between(0, 50));
  weather.kafka_delay = up_to(seconds(dice_.chance(30) ? 20 : 1));
  weather.registry_delay = up_to(seconds(dice_.chance(30) ? 40 : 2));
  weather.confirm_delay = up_to(seconds(5));
  weather.will_delay = dice_.chance(50) ? up_to(seconds(30)) : SimTime(0);
  timeline_.tell("network", "weather changes, lost after PUBACK " +
                                std::to_string(weather.lost_after_puback) + " %");
}

void World::end_faults() {
  timeline_.tell("world", "the faults end");
  network_.weather = {};
  for (Site& site : sites_) {
    site.router->spare();
    end_clone(site);
    if (dice_.chance(15)) {
      dice_.chance(50) ? site.router->stop() : site.router->crash(false);
    } else {
      site.router->boot();
    }
  }
}

}  // namespace dmp::simulation
