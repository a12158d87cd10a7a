// A DeviceRegistry on a stage: its clock, its identities, short ways to let things happen.
#pragma once

#include <string>
#include <vector>

#include "local-registry/core/device_registry.h"
#include "tests/local-registry/fakes/fakes.h"

namespace dmp::local {

inline constexpr const char* kMac = "b0:a7:37:1a:40:01";
inline constexpr const char* kOtherMac = "02:00:5e:10:00:01";
inline constexpr const char* kAddress = "10.0.0.5";
inline constexpr const char* kOtherAddress = "10.0.0.6";

inline std::vector<Profile> stage_profiles() {
  Profile roku;
  roku.name = "roku";
  roku.guess = true;
  roku.url = "http://{address}:8060/";
  Profile mdx;
  mdx.name = "mdx";
  mdx.services = {"mdx"};
  return {roku, mdx};
}

class Stage {
 public:
  explicit Stage(RegistryLimits limits = {})
      : profiles(stage_profiles()), registry(profiles, identifiers, limits) {}

  void see(const Sighting& sighting) { registry.apply(sighting, clock.now()); }
  void neighbour(const std::string& mac, const std::string& address,
                 NeighbourSeen::State state = NeighbourSeen::State::kReachable) {
    see(NeighbourSeen{address, mac, state, true});
  }
  void fails(const std::string& address) { neighbour("", address, NeighbourSeen::State::kFailed); }
  // Time passes, and with it goes the tick.
  void pass(std::chrono::milliseconds time) {
    clock.pass(time);
    registry.tick(clock.now());
  }

  // The registry asks; the device at `address` answers with `fields`, or not at all.
  bool answer_probe(const std::string& address, const std::map<std::string, std::string>& fields,
                    const std::string& profile = "roku") {
    registry.tick(clock.now());
    for (const ProbeOrder& order : registry.take_effects().probes) {
      if (order.clues.address != address) continue;
      ProbeOutcome outcome{profile, {fields, false}, fields.empty() ? "no connection" : ""};
      see(ProbeFinished{order.session, address, {outcome}});
      return true;
    }
    return false;
  }

  std::vector<SessionChange> changes() { return registry.take_changes(stamps, clock.now()); }
  [[nodiscard]] std::size_t sessions() const { return registry.live_sessions().size(); }
  [[nodiscard]] const Facets& facets(std::size_t place = 0) const {
    return *registry.facets(registry.live_sessions().at(place));
  }
  [[nodiscard]] PresenceStatus presence(std::size_t place = 0) const {
    return facets(place).presence->fields.status.value;
  }
  [[nodiscard]] std::string reason(std::size_t place = 0) const {
    return facets(place).presence->fields.reason;
  }
  [[nodiscard]] std::string device_name(std::size_t place = 0) const {
    return identifiers.name_of(facets(place).identity->fields.device_id);
  }

  std::vector<Profile> profiles;
  FakeIdentifiers identifiers;
  FakeClock clock;
  HybridClock stamps{Timestamp{0}};
  DeviceRegistry registry;
};

inline const std::map<std::string, std::string> kRoku = {{"identity.manufacturer", "Roku"},
                                                         {"identity.serial", "X019"},
                                                         {"identity.model", "Ultra"},
                                                         {"software.firmware_version", "12.0.0"},
                                                         {"claim.udn", "udn-1"}};

inline std::map<std::string, std::string> with(std::map<std::string, std::string> fields,
                                               const std::string& field, const std::string& value) {
  fields[field] = value;
  return fields;
}

}  // namespace dmp::local
