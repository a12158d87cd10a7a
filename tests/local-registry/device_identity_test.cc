#include <gtest/gtest.h>

#include "tests/local-registry/registry_stage.h"

namespace dmp::local {
namespace {

using std::chrono::seconds;

Stage stage_with_roku() {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  EXPECT_TRUE(stage.answer_probe(kAddress, kRoku));
  stage.changes();
  return stage;
}

TEST(DeviceIdentity, is_provisional_by_mac_until_the_device_answers) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  EXPECT_TRUE(stage.facets().identity->fields.provisional);
  EXPECT_EQ(stage.device_name(), std::string("mac:") + kMac);
  ASSERT_TRUE(stage.answer_probe(kAddress, kRoku));
  EXPECT_FALSE(stage.facets().identity->fields.provisional);
  EXPECT_EQ(stage.device_name(), "serial:roku/x019");
  EXPECT_EQ(stage.facets().onboarding->fields.state.value, OnboardingState::kActive);
  EXPECT_EQ(stage.facets().health->fields.status.value, HealthStatus::kGood);
  EXPECT_EQ(stage.facets().identity->source, "roku");
}

TEST(DeviceIdentity, takes_the_strongest_claim) {
  const struct {
    const char* name;
    std::map<std::string, std::string> fields;
    std::string expected;
  } cases[] = {
      {"serial", kRoku, "serial:roku/x019"},
      {"serial without a maker", {{"identity.serial", "X1"}, {"claim.udn", "u"}}, "udn:u"},
      {"duid", {{"claim.duid", "D"}, {"claim.wifi_mac", kMac}}, "udn:d"},
      {"wired before wireless",
       {{"claim.wifi_mac", "00:00:00:00:00:02"}, {"claim.ethernet_mac", "00:00:00:00:00:01"}},
       "mac:00:00:00:00:00:01"},
      {"nothing but a model", {{"identity.model", "TV"}}, std::string("mac:") + kMac},
      {"an ESN is no identity", {{"identity.esn", "NF-1"}}, std::string("mac:") + kMac},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    Stage stage;
    stage.neighbour(kMac, kAddress);
    ASSERT_TRUE(stage.answer_probe(kAddress, each.fields));
    EXPECT_EQ(stage.device_name(), each.expected);
  }
}

TEST(DeviceIdentity, is_not_news_when_two_profiles_repeat_the_same_claims_in_turn) {
  Stage stage = stage_with_roku();
  const auto again = [&](const std::string& profile) {
    stage.pass(seconds(60));
    EXPECT_TRUE(stage.answer_probe(kAddress, kRoku, profile));
    return stage.changes().size();
  };
  EXPECT_EQ(again("mdx"), 1U) << "a second source of the same claims is news, once";
  for (const char* profile : {"roku", "mdx", "roku"}) EXPECT_EQ(again(profile), 0U) << profile;
}

TEST(DeviceIdentity, does_not_change_with_firmware_esn_or_serial) {
  Stage stage = stage_with_roku();
  const SessionId session = stage.registry.live_sessions().at(0);
  const DeviceId device = stage.facets().identity->fields.device_id;
  for (const auto& [field, value] :
       std::map<std::string, std::string>{{"software.firmware_version", "12.5.0"},
                                          {"identity.esn", "NF-2"},
                                          {"identity.serial", "X020"}}) {
    stage.pass(seconds(40));
    ASSERT_TRUE(stage.answer_probe(kAddress, with(kRoku, field, value)));
    EXPECT_EQ(stage.registry.live_sessions().at(0), session);
    EXPECT_EQ(stage.facets().identity->fields.device_id, device);
    EXPECT_EQ(stage.changes().size(), 1u) << field;
  }
  EXPECT_EQ(stage.facets().software->fields.firmware_version, "12.5.0");
}

TEST(DeviceIdentity, keeps_the_session_when_the_mac_changes) {
  Stage stage = stage_with_roku();
  const SessionId session = stage.registry.live_sessions().at(0);
  stage.neighbour(kOtherMac, kOtherAddress);
  EXPECT_EQ(stage.sessions(), 2u) << "as long as nobody answered";
  ASSERT_TRUE(stage.answer_probe(kOtherAddress, kRoku));
  ASSERT_EQ(stage.sessions(), 1u);
  EXPECT_EQ(stage.registry.live_sessions().at(0), session);
  EXPECT_EQ(stage.facets().network->fields.mac, kOtherMac);
  EXPECT_EQ(stage.facets().network->fields.ipv4, kOtherAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  const auto changes = stage.changes();
  EXPECT_EQ(changes.back().message.kind, UpdateKind::kEnded);
  EXPECT_EQ(changes.back().message.reason, "merged");
}

TEST(DeviceIdentity, holds_both_interfaces_of_one_device_in_one_session) {
  Stage stage = stage_with_roku();
  stage.neighbour(kOtherMac, kOtherAddress);
  ASSERT_TRUE(stage.answer_probe(kOtherAddress, kRoku));
  EXPECT_EQ(stage.facets().network->fields.interfaces.size(), 2u);
  stage.fails(kAddress);
  stage.pass(seconds(1));
  stage.fails(kAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline) << "the other one still answers";
  stage.fails(kOtherAddress);
  stage.pass(seconds(1));
  stage.fails(kOtherAddress);
  EXPECT_EQ(stage.presence(), PresenceStatus::kOffline);
}

TEST(DeviceIdentity, does_not_merge_devices_that_only_share_a_serial) {
  Stage stage = stage_with_roku();
  stage.neighbour(kOtherMac, kOtherAddress);
  ASSERT_TRUE(stage.answer_probe(kOtherAddress, with(kRoku, "claim.udn", "udn-2")));
  EXPECT_EQ(stage.sessions(), 2u);
  EXPECT_EQ(stage.device_name(0), "serial:roku/x019");
  EXPECT_EQ(stage.device_name(1), "udn:udn-2") << "the serial is in use";
  EXPECT_GE(stage.registry.counts().identity_conflicts, 1u);
}

TEST(DeviceIdentity, never_erases_what_is_known_by_silence) {
  Stage stage = stage_with_roku();
  stage.pass(seconds(40));
  ASSERT_TRUE(stage.answer_probe(kAddress, {{"identity.serial", "X019"}}));
  EXPECT_EQ(stage.facets().identity->fields.model, "Ultra");
  EXPECT_EQ(stage.facets().software->fields.firmware_version, "12.0.0");
  EXPECT_TRUE(stage.changes().empty());
}

TEST(DeviceIdentity, is_not_settled_by_announcements_alone) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.see(AdvertHeard{kAddress, {"mdx", "uuid:NF-1", "", {}}, false});
  ASSERT_TRUE(stage.answer_probe(kAddress, {{"identity.esn", "NF-1"}}, "mdx"));
  EXPECT_EQ(stage.facets().identity->fields.esn, "NF-1");
  EXPECT_TRUE(stage.facets().identity->fields.provisional);
  EXPECT_EQ(stage.facets().onboarding->fields.state.value, OnboardingState::kOnboarding);
}

TEST(Probing, says_why_and_until_when_it_waits) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  ASSERT_TRUE(stage.answer_probe(kAddress, {}));
  const Onboarding& onboarding = stage.facets().onboarding->fields;
  EXPECT_EQ(onboarding.state.value, OnboardingState::kOnboarding);
  EXPECT_EQ(onboarding.last_error, "roku: no connection");
  EXPECT_GT(onboarding.next_try_at.us, stage.clock.wall_us());
  EXPECT_FALSE(stage.answer_probe(kAddress, kRoku)) << "not before its time";
  stage.pass(seconds(13));
  EXPECT_TRUE(stage.answer_probe(kAddress, kRoku));
  EXPECT_EQ(stage.facets().onboarding->fields.last_error, "");
}

TEST(Probing, asks_a_silent_device_less_and_less_often) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  std::vector<std::int64_t> waits_s;
  std::int64_t waited_s = 0;
  while (waits_s.size() < 8) {
    if (stage.answer_probe(kAddress, {})) {
      waits_s.push_back(waited_s);
      waited_s = 0;
    }
    stage.pass(seconds(1));
    ++waited_s;
  }
  for (std::size_t i = 2; i < 5; ++i) EXPECT_GT(waits_s[i], waits_s[i - 1]);
  EXPECT_LE(waits_s.back(), 361);
}

TEST(Probing, asks_at_once_when_the_device_announces_something_new) {
  Stage stage = stage_with_roku();
  stage.pass(seconds(5));
  EXPECT_FALSE(stage.answer_probe(kAddress, kRoku));
  const Advert advert{"mdx", "uuid:NF-1", "", {{"server", "1.0"}}};
  stage.see(AdvertHeard{kAddress, advert, false});
  EXPECT_TRUE(stage.answer_probe(kAddress, kRoku));
  stage.pass(seconds(5));
  stage.see(AdvertHeard{kAddress, advert, false});
  EXPECT_FALSE(stage.answer_probe(kAddress, kRoku)) << "the same again is no news";
}

TEST(Probing, looks_again_after_news_that_came_while_it_was_asking) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.registry.tick(stage.clock.now());
  const ProbeOrder order = stage.registry.take_effects().probes.at(0);
  stage.see(AdvertHeard{kAddress, {"mdx", "uuid:NF-2", "", {}}, false});
  stage.see(ProbeFinished{order.session, kAddress, {{"roku", {kRoku, false}, ""}}});
  stage.pass(seconds(4));
  EXPECT_TRUE(stage.answer_probe(kAddress, kRoku));
}

TEST(Probing, is_the_only_witness_of_an_address_beyond_the_lan) {
  Stage stage;
  stage.registry.probe_addresses({kAddress}, stage.clock.now());
  ASSERT_TRUE(stage.answer_probe(kAddress, kRoku));
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  EXPECT_EQ(stage.facets().network->fields.ipv4, kAddress);
  stage.pass(seconds(40));
  ASSERT_TRUE(stage.answer_probe(kAddress, {}));
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  stage.pass(seconds(3));  // a miss is confirmed soon
  ASSERT_TRUE(stage.answer_probe(kAddress, {}));
  EXPECT_EQ(stage.presence(), PresenceStatus::kOffline);
  stage.pass(seconds(40));
  ASSERT_TRUE(stage.answer_probe(kAddress, kRoku));
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
}

TEST(Probing, leaves_the_health_open_after_three_misses_of_a_device_that_is_there) {
  Stage stage = stage_with_roku();
  for (int miss = 0; miss < 3; ++miss) {
    stage.pass(seconds(40));
    stage.neighbour(kMac, kAddress);
    ASSERT_TRUE(stage.answer_probe(kAddress, {}));
  }
  EXPECT_EQ(stage.presence(), PresenceStatus::kOnline);
  EXPECT_EQ(stage.facets().health->fields.status.value, HealthStatus::kUnknown);
  EXPECT_EQ(stage.facets().health->fields.reasons.at(0).code, "probe_failed");
}

TEST(Probing, shows_standby_as_the_device_says) {
  Stage stage;
  stage.neighbour(kMac, kAddress);
  stage.registry.tick(stage.clock.now());
  const ProbeOrder order = stage.registry.take_effects().probes.at(0);
  stage.see(ProbeFinished{order.session, kAddress, {{"roku", {kRoku, true}, ""}}});
  EXPECT_EQ(stage.presence(), PresenceStatus::kStandby);
}

}  // namespace
}  // namespace dmp::local
