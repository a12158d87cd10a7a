#include "local-registry/core/device_registry.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/local-registry/registry_stage.h"

namespace dmp::local {
namespace {

using State = NeighbourSeen::State;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(DeviceRegistry, begins_a_session_at_the_first_sighting_of_a_mac) {
  Stage stage;
  stage.neighbour(kMac, kAddress, State::kMentioned);
  ASSERT_EQ(stage.sessions(), 1u);
  EXPECT_EQ(stage.presence(), PresenceStatus::kUnknown) << "an entry proves nothing about now";
  EXPECT_EQ(stage.facets().onboarding->fields.state.value, OnboardingState::kDiscovered);
  EXPECT_EQ(stage.facets().usage->fields.state.value, UsageState::kAvailable);
  const RegistryEffects effects = stage.registry.take_effects();
  EXPECT_TRUE(effects.roster_changed);
  EXPECT_EQ(effects.watch.front(), kAddress);
}

TEST(DeviceRegistry, is_online_when_reachable_and_offline_after_two_failures) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  stage.fails(kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  stage.pass(seconds(1));
  stage.fails(kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOffline);
  EXPECT_EQ(stage.reason(), "no_answer");
}

TEST(DeviceRegistry, takes_stale_and_deleted_entries_as_no_news_of_presence) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.registry.take_effects();
  stage.neighbour(kMac, kAddress, State::kMentioned);
  stage.neighbour(kMac, kAddress, State::kDeleted);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  EXPECT_EQ(stage.registry.take_effects().watch.size(), 2u) << "asked at once, and watched anew";
}

TEST(DeviceRegistry, watches_an_entry_again_that_lost_its_watch) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.registry.take_effects();
  stage.see(NeighbourSeen{kAddress, kMac, State::kReachable, true});
  EXPECT_TRUE(stage.registry.take_effects().watch.empty());
  stage.see(NeighbourSeen{kAddress, kMac, State::kReachable, false});
  EXPECT_EQ(stage.registry.take_effects().watch, std::vector<std::string>{kAddress});
}

TEST(DeviceRegistry, is_offline_at_once_when_the_cable_is_pulled) {
  Stage stage;
  stage.see(PortLearnt{kMac, 3});  // the bridge learns a MAC before its neighbour entry appears
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.facets().network->fields.port, 3);
  stage.see(PortCarrier{3, false});
  EXPECT_EQ(stage.presence(), PresenceStatus::kOffline);
  EXPECT_EQ(stage.reason(), "link_down");
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOffline) << "left over in the queue";
  stage.see(PortCarrier{3, true});
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
}

TEST(DeviceRegistry, follows_a_device_to_another_port) {
  Stage stage;
  stage.see(PortLearnt{kMac, 3});
  stage.neighbour(kMac, kAddress);
  stage.see(PortCarrier{3, false});
  stage.see(PortLearnt{kMac, 4});
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  EXPECT_EQ(stage.facets().network->fields.port, 4);
}

TEST(DeviceRegistry, watches_every_device_again_when_the_bridge_comes_back) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.neighbour(kOtherMac, kOtherAddress);
  stage.registry.take_effects();
  stage.see(LanUp{});
  EXPECT_EQ(stage.registry.take_effects().watch,
            (std::vector<std::string>{kAddress, kOtherAddress}));
}

TEST(DeviceRegistry, keeps_the_session_over_a_new_address) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.registry.take_effects();
  stage.see(LeaseSeen{kMac, kOtherAddress, "tv", true});
  EXPECT_EQ(stage.sessions(), 1u);
  EXPECT_EQ(stage.facets().network->fields.ipv4, kOtherAddress);
  EXPECT_EQ(stage.facets().network->fields.hostname, "tv");
  const RegistryEffects effects = stage.registry.take_effects();
  EXPECT_EQ(effects.unwatch, std::vector<std::string>{kAddress});
  stage.fails(kAddress);
  stage.pass(seconds(1));
  stage.fails(kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline) << "the old address is nobody's now";
}

TEST(DeviceRegistry, doubts_a_device_whose_address_another_one_took) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.neighbour(kOtherMac, kAddress);
  EXPECT_EQ(stage.facets(0).network->fields.ipv4, "");
  EXPECT_EQ(stage.facets(1).network->fields.ipv4, kAddress);
  EXPECT_EQ(stage.presence(0), PresenceStatus::kOnline) << "not yet";
  stage.pass(seconds(16));
  EXPECT_EQ(stage.presence(0), PresenceStatus::kOffline);
}

TEST(DeviceRegistry, does_not_take_an_old_lease_for_a_sign_of_life) {
  Stage stage;
  stage.see(LeaseSeen{kMac, kAddress, "tv", false});
  EXPECT_EQ(stage.presence(), PresenceStatus::kUnknown);
  stage.see(LeaseSeen{kMac, kAddress, "tv", true});
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
}

TEST(DeviceRegistry, publishes_each_change_once_with_one_stamp) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.pass(seconds(0));  // the first probe is ordered at once
  const auto first = stage.changes();
  ASSERT_EQ(first.size(), 1u);
  const DeviceUpdate& update = first[0].message;
  each_facet(update.facets, [&](FacetNames names, const auto& facet) {
    if (facet) {
      EXPECT_EQ(facet->timestamp, update.timestamp) << names.name;
    }
  });
  EXPECT_TRUE(stage.changes().empty());
  stage.pass(seconds(1));
  stage.neighbour(kMac, kAddress);
  EXPECT_TRUE(stage.changes().empty()) << "seeing it again is no change";
}

TEST(DeviceRegistry, sends_only_the_facets_that_changed) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.changes();
  stage.fails(kAddress);
  stage.pass(seconds(1));
  stage.fails(kAddress);
  const auto changes = stage.changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].message.facets.presence);
  EXPECT_FALSE(changes[0].message.facets.network);
  EXPECT_TRUE(changes[0].record.facets.network) << "the database keeps them all";
}

TEST(DeviceRegistry, finds_its_devices_again_after_a_restart) {
  Stage before;
  before.see(PortLearnt{kMac, 3});
  before.neighbour(kMac, kAddress);
  ASSERT_TRUE(before.answer_probe(kAddress, kRoku));
  const SessionRecord record = before.changes().at(0).record;

  Stage stage;
  stage.registry.restore({record}, stage.clock.now());
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline) << "what is stored stands for a while";
  EXPECT_EQ(stage.registry.take_effects().watch, std::vector<std::string>{kAddress});
  stage.neighbour(kMac, kAddress);
  EXPECT_EQ(stage.sessions(), 1u);
  EXPECT_EQ(stage.facets().identity->fields.serial, "X019");
  stage.pass(seconds(60));
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
}

TEST(DeviceRegistry, says_unknown_when_nothing_confirms_a_restored_device) {
  Stage before;
  before.neighbour(kMac, kAddress);
  const SessionRecord record = before.changes().at(0).record;
  Stage stage;
  stage.registry.restore({record}, stage.clock.now());
  stage.pass(seconds(16));
  EXPECT_EQ(stage.presence(), PresenceStatus::kUnknown);
  EXPECT_EQ(stage.reason(), "not_verified");
}

TEST(DeviceRegistry, ends_a_device_after_seven_days_of_absence_whatever_the_clock_does) {
  RegistryLimits limits;
  limits.absent_hours_max = 3;
  Stage stage(limits);
  stage.neighbour(kMac, kAddress);
  stage.fails(kAddress);
  stage.pass(seconds(1));
  stage.fails(kAddress);
  stage.changes();
  stage.clock.jump_wall(50LL * 365 * 86'400'000'000);
  stage.pass(hours(1));
  EXPECT_EQ(stage.changes().at(0).record.absent_hours, 1);
  stage.pass(hours(1));
  EXPECT_EQ(stage.sessions(), 1u);
  stage.pass(hours(1));
  EXPECT_EQ(stage.sessions(), 0u);
  const auto changes = stage.changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].message.kind, UpdateKind::kEnded);
  EXPECT_EQ(changes[0].message.reason, "expired");
}

TEST(DeviceRegistry, forgets_absence_when_the_device_comes_back) {
  RegistryLimits limits;
  limits.absent_hours_max = 2;
  Stage stage(limits);
  for (int day = 0; day < 3; ++day) {
    stage.neighbour(kMac, kAddress);
    stage.fails(kAddress);
    stage.pass(seconds(1));
    stage.fails(kAddress);
    stage.pass(hours(1));
  }
  EXPECT_EQ(stage.sessions(), 1u);
}

TEST(DeviceRegistry, refuses_and_counts_devices_beyond_its_room) {
  RegistryLimits limits;
  limits.sessions_max = 1;
  Stage stage(limits);
  stage.neighbour(kMac, kAddress);
  stage.neighbour(kOtherMac, kOtherAddress);
  EXPECT_EQ(stage.sessions(), 1u);
  EXPECT_EQ(stage.registry.counts().sessions_refused, 1u);
}

// Whatever the sources say in whatever order: one session per MAC, every address at most once, and
// a device is online exactly if its last proof says so.
TEST(DeviceRegistry, keeps_its_books_under_any_order_of_sightings) {
  EXPECT_TRUE(rc::check([] {
    Stage stage;
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 6), rc::gen::inRange(1, 5), rc::gen::inRange(1, 5)));
    for (const auto& [what, device, host] : steps) {
      const std::string mac = "00:11:22:33:44:0" + std::to_string(device);
      const std::string address = "10.0.0." + std::to_string(host);
      if (what < 4) stage.neighbour(mac, address, static_cast<State>(what));
      if (what == 4) stage.see(LeaseSeen{mac, address, "", true});
      if (what == 5) stage.see(PortCarrier{device, host % 2 == 0});
      stage.pass(milliseconds(700));
    }
    std::set<std::string> macs;
    std::set<std::string> addresses;
    for (const SessionId& id : stage.registry.live_sessions()) {
      const auto& network = stage.registry.facets(id)->network;
      RC_ASSERT(network.has_value());
      RC_ASSERT(macs.insert(network->fields.mac).second);
      if (!network->fields.ipv4.empty()) {
        RC_ASSERT(addresses.insert(network->fields.ipv4).second);
      }
    }
  }));
}

}  // namespace
}  // namespace dmp::local
