// One life of an agent with all its ports faked, on a disk that outlives it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "local-registry/agent.h"
#include "schema/codec.h"
#include "tests/local-registry/registry_stage.h"

namespace dmp::local {

inline const RaeSerial kRae = RaeSerial::parse("rae-1").value();

struct Life {
  explicit Life(FakeStore& disk, FakeClock& time, std::vector<std::string> addresses = {},
                FreeOn free_on = FreeOn::kConfirm, std::uint64_t seed = 1)
      : store(disk), clock(time), profiles(stage_profiles()) {
    AgentSettings settings;
    settings.rae = kRae;
    settings.free_on = free_on;
    settings.static_addresses = std::move(addresses);
    settings.seed = seed;
    agent = std::make_unique<Agent>(settings, profiles, identifiers,
                                    AgentPorts{clock, store, uplink, prober, &neighbours}, events,
                                    metrics);
    EXPECT_TRUE(agent->load());
  }

  void happens(Event event) {
    EXPECT_TRUE(events.try_push(std::move(event)));
    agent->turn();
  }
  void see_device() {
    happens(Sighting(NeighbourSeen{kAddress, kMac, NeighbourSeen::State::kReachable, true}));
  }
  void connect() {
    agent->turn();
    happens(UplinkConnected{});
  }
  void pass(std::chrono::milliseconds time) {
    clock.pass(time);
    agent->turn();
  }
  void confirm(const std::string& correlation, bool refused = false) {
    Confirm message{{1}, {}, {}};
    if (refused) message.refused.push_back({correlation, "bad_field"});
    if (!refused) message.stored.push_back(correlation);
    happens(UplinkMessage{"dmp/v1/rae-1/agent/confirm", encode(message)});
  }
  void resync(const Resync& said) {
    happens(UplinkMessage{"dmp/v1/rae-1/agent/resync", encode(said)});
  }
  [[nodiscard]] std::vector<Publish> sent(const std::string& end) const {
    std::vector<Publish> found;
    for (const Publish& message : uplink.published) {
      if (message.topic.ends_with(end)) found.push_back(message);
    }
    return found;
  }

  FakeStore& store;
  FakeClock& clock;
  std::vector<Profile> profiles;
  FakeIdentifiers identifiers;
  FakeUplink uplink;
  FakeProber prober;
  FakeNeighbours neighbours;
  EventQueue events{1000, 1 << 20};
  Metrics metrics;
  std::unique_ptr<Agent> agent;
};

struct AgentLoop : testing::Test {
  FakeStore disk;
  FakeClock clock;
};

inline AgentPresence presence_of(const std::string& payload) {
  return decode_agent_presence(payload, kRae).value();
}

}  // namespace dmp::local
