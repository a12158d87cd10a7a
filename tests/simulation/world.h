// World: two RAEs, the network and the cloud, and one random history of faults from a seed.
//
// First everything may happen; then the faults end, whoever is to run runs, and after a quiet
// period the cloud must show what the agents' databases hold. Deterministic: the same seed and
// plant give the same history. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/cloud.h"
#include "tests/simulation/network.h"
#include "tests/simulation/router.h"

namespace dmp::simulation {

struct Verdict {
  std::vector<std::string> differences;  // empty: converged
  std::string history;                   // if asked for
  std::int64_t connections = 0;
  std::int64_t resyncs = 0;
  bool is_late = false;                 // converged only in the long quiet
  std::size_t most_in_ten_seconds = 0;  // connections of one RAE

  [[nodiscard]] bool converged() const { return differences.empty(); }
};

class World {
 public:
  // Everything has healed after this;
  static constexpr std::chrono::minutes kQuiet{5};
  // if a clock was ahead, once no stamp is any more, which the cloud takes if it is at most an
  // hour, and the next roster or snapshot has come.
  static constexpr std::chrono::minutes kLongQuiet{80};

  World(std::uint64_t seed, Plant plant, bool with_history);

  Verdict run();

 private:
  // One RAE: the machine that is it, and one that may be mistaken for it.
  struct Site {
    std::unique_ptr<Router> router;
    std::unique_ptr<Router> clone;
    bool has_clone = false;
    Router::Doubts doubts;  // of the router when its clone started
  };

  void plan_faults(SimTime until);
  void fault(Site& site);
  void lan_fault(Site& site);
  void crash(Site& site);
  void clock_fault(Site& site);
  void wipe(Site& site);
  void clone(Site& site);
  void end_clone(Site& site);
  void network_fault(Site& site);
  void spoil_weather();
  void end_faults();
  void run_until(SimTime end);
  // The routers whose turn it is; then when something happens next.
  SimTime turn_routers();
  [[nodiscard]] Verdict verdict() const;

  void judge(const Site& site, Verdict& verdict) const;
  void compare_sessions(const Router& router, Verdict& verdict) const;

  SimTime up_to(std::chrono::milliseconds most) {
    return dice_.between(std::chrono::milliseconds(0), most);
  }

  const Plant plant_;
  Dice dice_;
  Timeline timeline_;
  Network network_;
  Cloud cloud_;
  std::array<Site, 2> sites_;
  bool was_ahead_ = false;   // a clock
  std::vector<int> themes_;  // which faults this history has
};

}  // namespace dmp::simulation
