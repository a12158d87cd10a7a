// DeviceRegistry: the truth about this RAE's devices, made from what the sources saw.
//
// Sightings go in with apply(), time with tick(). What is to be done comes out: take_effects() for
// the LAN and the prober, take_changes() for the database and the uplink, each exactly once. At
// most `sessions_max` sessions; a device beyond is refused and counted. Owned by the agent's loop.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "local-registry/core/hybrid_clock.h"
#include "local-registry/core/identifiers.h"
#include "local-registry/core/session.h"
#include "local-registry/core/sighting.h"
#include "schema/messages.h"

namespace dmp::local {

struct RegistryLimits {
  std::size_t sessions_max = Limits::kRosterSessions;
  int absent_hours_max = 7 * 24;
  ProbeLimits probe;
};

// Ask this device; `profiles` in order of trust.
struct ProbeOrder {
  SessionId session;
  Clues clues;
  std::vector<std::string> profiles;
};

struct RegistryEffects {
  std::vector<std::string> watch;    // addresses the kernel shall keep probing
  std::vector<std::string> unwatch;  // addresses that are nobody's any more
  std::vector<ProbeOrder> probes;
  bool roster_changed = false;
};

// What changed in one session. Without a message only the record is to be kept.
struct SessionChange {
  SessionRecord record;
  bool has_message = false;
  DeviceUpdate message;
};

struct RegistryCounts {
  std::uint64_t sessions_refused = 0;
  std::uint64_t identity_conflicts = 0;
};

class DeviceRegistry {
 public:
  DeviceRegistry(const std::vector<Profile>& profiles, Identifiers& identifiers,
                 RegistryLimits limits);

  // What the database held at start; then the addresses to probe without seeing them on the LAN.
  void restore(const std::vector<SessionRecord>& records, Now now);
  void probe_addresses(const std::vector<std::string>& addresses, Now now);

  void apply(const Sighting& sighting, Now now);
  void tick(Now now);
  // When tick() has something to do next.
  [[nodiscard]] SteadyTime next_tick() const;

  RegistryEffects take_effects();
  // An order of take_effects() that nobody took: it says nothing about the device.
  void probe_refused(const SessionId& session, Now now);
  // Stamps every change. REQUIRES: the stamps are covered before the messages leave.
  std::vector<SessionChange> take_changes(HybridClock& clock, Now now);

  // Every facet of every session counts as changed, and comes out as one snapshot per session.
  // Dates of a clock that was ahead become `now`.
  void say_everything_again(Now now);

  // The greatest stamp of a facet that is not above `limit`.
  [[nodiscard]] Timestamp greatest_stamp(Timestamp limit) const;

  [[nodiscard]] std::vector<SessionId> live_sessions() const;
  // All facets of a live session; null if there is none.
  [[nodiscard]] const Facets* facets(const SessionId& session) const;
  [[nodiscard]] const RegistryCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  // Those shown as online or standby.
  [[nodiscard]] std::size_t sessions_online() const;

 private:
  struct Ended {
    SessionRecord record;
    std::string reason;
  };

  void on(const NeighbourSeen& seen, Now now);
  void on(const LeaseSeen& seen, Now now);
  void on(const PortLearnt& seen, Now now);
  void on(const PortCarrier& seen, Now now);
  void on(const LanUp& seen, Now now);
  void on(const AdvertHeard& heard, Now now);
  void on(const ProbeFinished& finished, Now now);

  Session* find(const SessionId& id);
  Session* find_by_address(const std::string& address);
  // The session that has this link; a new one if there is none and room is left.
  Session* session_of_mac(const std::string& mac, Now now);
  Session* begin_session(const std::string& target, Now now);
  void end_session(Session& session, const std::string& reason);

  void move_address(Session& session, Link& link, const std::string& address, Now now);
  void hit(Session& session, Link& link, const std::string& source, Now now);
  [[nodiscard]] bool is_cable_out(const Link& link) const;
  void show(Session& session, const std::string& source, Now now);

  void order_probe(Session& session, Now now);
  void probe_answered(Session& session, Link* link, Now now);
  void probe_failed(Session& session, Link* link, const std::string& why, Now now);
  // The session that goes on: `session`, or the older one of the same device it was merged into.
  Session& merge_duplicates(Session& session, Now now);
  [[nodiscard]] bool is_same_device(const Session& one, const Session& other) const;
  void name_device(Session& session, bool final, Now now);

  const std::vector<Profile>& profiles_;
  Identifiers& identifiers_;
  const RegistryLimits limits_;
  std::list<Session> sessions_;  // the oldest first; addresses stay valid
  std::vector<Ended> ended_;
  std::vector<SessionId> to_keep_;           // changed only in what is not published
  std::map<std::string, int> ports_by_mac_;  // the bridge learns a MAC before we do
  std::vector<int> ports_down_;
  RegistryEffects effects_;
  RegistryCounts counts_;
};

}  // namespace dmp::local
