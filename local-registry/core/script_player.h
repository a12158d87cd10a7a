// ScriptPlayer: the LAN of a Script as it goes on: what its sources would see, what its devices
// answer.
//
// Random edits come at an even rate whatever the agent does with them (open loop): a late tick
// catches up. A firmware edit counts the device's version up and puts the wall time of the edit
// into `software.app_version` as "t=<µs>", so that whoever sees it elsewhere knows its age. A
// device that is unplugged is next plugged in. After a restart the script begins anew.
// Owned by one thread. Pure.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "local-registry/core/device_registry.h"
#include "local-registry/core/now.h"
#include "local-registry/core/script.h"
#include "local-registry/core/sighting.h"

namespace dmp::local {

// The profile that scripted devices answer.
Profile scripted_profile();

class ScriptPlayer {
 public:
  static constexpr std::size_t kEditsPerTick = 256;  // the rest of a backlog waits for the next

  explicit ScriptPlayer(Script script);

  // All devices appear; time runs from here.
  std::vector<Sighting> begin(Now now);
  // What is due. REQUIRES: begin() was called.
  std::vector<Sighting> tick(Now now);
  [[nodiscard]] SteadyTime next_tick() const;

  // A probe of one of its devices, or of an address where none is.
  ProbeFinished answer(const ProbeOrder& order);

  [[nodiscard]] std::uint64_t edits() const { return edits_; }
  // Nothing more happens by itself.
  [[nodiscard]] bool is_finished() const { return next_tick() == SteadyTime::max(); }

 private:
  struct Device {
    ScriptedDevice facts;
    int port = 0;
    int version = 0;
    int names = 0;
    bool is_plugged = true;
    SessionId session;  // nil until the agent asked it for the first time
  };

  [[nodiscard]] SteadyTime next_random() const;
  [[nodiscard]] SteadyTime next_timed() const;
  void edit_randomly(Now now, std::vector<Sighting>& seen);
  void edit(const TimedEdit& timed, std::vector<Sighting>& seen);
  EditKind draw_kind();
  std::size_t draw_below(std::size_t bound) { return random_() % bound; }

  void report(const Device& device, std::vector<Sighting>& seen) const;
  void rename(Device& device, const std::string& hostname, std::vector<Sighting>& seen) const;
  void become(Device& device, PresenceStatus status, std::vector<Sighting>& seen) const;
  [[nodiscard]] ProbeFinished answer_of(const Device& device) const;

  const Script script_;
  std::vector<Device> devices_;
  std::map<std::string, std::size_t> by_address_;
  std::mt19937_64 random_;
  SteadyTime start_ = SteadyTime::max();
  std::int64_t random_edits_ = 0;
  std::size_t timed_edits_ = 0;
  std::uint64_t edits_ = 0;
};

}  // namespace dmp::local
