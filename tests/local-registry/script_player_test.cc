// A scripted LAN and the core that watches it: what the script says becomes true, one message each.
#include "local-registry/core/script_player.h"

#include <gtest/gtest.h>

#include "tests/local-registry/fakes/fakes.h"

namespace dmp::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Script script_of(int devices) {
  Script script;
  for (int i = 1; i <= devices; ++i) {
    const std::string number = std::to_string(i);
    ScriptedDevice& device = script.devices.emplace_back();
    device.id = "tv-" + number;
    device.mac = "02:00:00:00:00:" + std::to_string(10 + i);
    device.address = "10.77.0." + number;
    device.hostname = device.id;
    device.says.fields = {{"identity.manufacturer", "Scripted"},
                          {"identity.serial", "S-" + number},
                          {"software.firmware_version", "1.0.0"}};
  }
  return script;
}

Script only(EditKind kind, int devices = 3) {
  Script script = script_of(devices);
  script.edits_per_second = 10;
  script.weights = {};
  script.weights[static_cast<std::size_t>(kind)] = 1;
  return script;
}

// An agent's core on a scripted LAN.
class Stage {
 public:
  explicit Stage(Script script) : player_(std::move(script)) {
    take(player_.begin(clock.now()));
    settle();
    settle();
    messages.clear();
  }

  // In steps of a loop that has little else to do.
  void pass(milliseconds time) {
    for (milliseconds gone{0}; gone < time; gone += milliseconds(1)) {
      clock.pass(milliseconds(1));
      take(player_.tick(clock.now()));
      settle();
    }
  }

  // The facets of the device with this serial.
  [[nodiscard]] Facets device(const std::string& serial) const {
    for (const SessionId& id : registry.live_sessions()) {
      const Facets& facets = *registry.facets(id);
      if (facets.identity->fields.serial == serial) return facets;
    }
    ADD_FAILURE() << "no device has the serial " << serial;
    return {};
  }

  FakeClock clock;
  FakeIdentifiers identifiers;
  std::vector<Profile> profiles = {scripted_profile()};
  DeviceRegistry registry{profiles, identifiers, {}};
  std::vector<DeviceUpdate> messages;

  ScriptPlayer& player() { return player_; }

 private:
  void take(const std::vector<Sighting>& seen) {
    for (const Sighting& sighting : seen) registry.apply(sighting, clock.now());
  }

  // Probes are answered, changes become messages.
  void settle() {
    registry.tick(clock.now());
    for (const ProbeOrder& order : registry.take_effects().probes) {
      registry.apply(player_.answer(order), clock.now());
    }
    for (SessionChange& change : registry.take_changes(stamps_, clock.now())) {
      if (change.has_message) messages.push_back(std::move(change.message));
    }
  }

  ScriptPlayer player_;
  HybridClock stamps_{Timestamp{}};
};

TEST(ScriptPlayer, its_devices_are_found_and_onboarded_like_real_ones) {
  Stage stage(script_of(2));
  ASSERT_EQ(stage.registry.live_sessions().size(), 2u);
  const Facets facets = stage.device("S-2");
  EXPECT_EQ(facets.presence->fields.status.value, PresenceStatus::kOnline);
  EXPECT_EQ(facets.onboarding->fields.state.value, OnboardingState::kActive);
  EXPECT_EQ(facets.network->fields.ipv4, "10.77.0.2");
  EXPECT_EQ(facets.network->fields.port, 2);
  EXPECT_EQ(facets.software->fields.firmware_version, "1.0.0");
  EXPECT_FALSE(facets.identity->fields.provisional);
}

TEST(ScriptPlayer, every_edit_of_every_kind_becomes_one_message_with_its_facet) {
  const auto carries = [](EditKind kind, const Facets& facets) {
    switch (kind) {
      case EditKind::kFirmware:
        return facets.software.has_value();
      case EditKind::kEsn:
        return facets.identity.has_value();
      case EditKind::kHostname:
        return facets.network.has_value();
      case EditKind::kUsage:
        return facets.usage.has_value();
      case EditKind::kPresence:
        return facets.presence.has_value();
    }
    return false;
  };
  for (std::size_t i = 0; i < kEditKinds.size(); ++i) {
    const auto kind = static_cast<EditKind>(i);
    Stage stage(only(kind));
    stage.pass(seconds(20));
    EXPECT_EQ(stage.player().edits(), 201u);
    EXPECT_EQ(stage.messages.size(), stage.player().edits()) << kEditKinds[i];
    for (const DeviceUpdate& message : stage.messages) {
      EXPECT_TRUE(carries(kind, message.facets)) << kEditKinds[i];
    }
  }
}

TEST(ScriptPlayer, a_firmware_edit_tells_when_it_was_made) {
  Stage stage(only(EditKind::kFirmware, 1));
  stage.pass(milliseconds(150));
  const Software shown = stage.device("S-1").software->fields;
  EXPECT_EQ(shown.firmware_version, "1.0.2");
  EXPECT_EQ(shown.app_version, "t=" + std::to_string(FakeClock::kStartUs + 100'000));
}

TEST(ScriptPlayer, presence_goes_through_all_its_states) {
  Stage stage(only(EditKind::kPresence, 1));
  std::map<PresenceStatus, int> seen;
  PresenceStatus before = PresenceStatus::kOnline;
  for (int i = 0; i < 100; ++i) {
    stage.pass(milliseconds(100));
    const auto now = stage.device("S-1").presence->fields.status.value;
    EXPECT_NE(now, before);
    EXPECT_TRUE(before != PresenceStatus::kOffline || now == PresenceStatus::kOnline);
    ++seen[before = now];
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(ScriptPlayer, edits_come_at_their_rate_and_a_late_tick_catches_up) {
  Script script = only(EditKind::kEsn);
  script.edits_per_second = 900;
  ScriptPlayer player(script);
  FakeClock clock;
  player.begin(clock.now());
  clock.pass(milliseconds(100));
  player.tick(clock.now());
  EXPECT_EQ(player.edits(), 91u);
  clock.pass(seconds(1));
  std::size_t most = 0;
  while (player.next_tick() <= clock.now().steady) {
    const std::uint64_t before = player.edits();
    player.tick(clock.now());
    most = std::max(most, player.edits() - before);
  }
  EXPECT_EQ(player.edits(), 991u);
  EXPECT_EQ(most, ScriptPlayer::kEditsPerTick);
}

TEST(ScriptPlayer, random_edits_end_after_their_duration) {
  Script script = only(EditKind::kEsn);
  script.duration = seconds(3);
  Stage stage(script);
  stage.pass(seconds(10));
  EXPECT_EQ(stage.player().edits(), 30u);
  EXPECT_TRUE(stage.player().is_finished());
}

TEST(ScriptPlayer, timed_edits_come_in_their_time) {
  Script script = script_of(2);
  script.timed = {
      {milliseconds(100), 0, {{"software.firmware_version", "2.0"}}, "", std::nullopt},
      {milliseconds(200), 0, {}, "living-room", PresenceStatus::kStandby},
      {milliseconds(300), 0, {{"usage.state", "in_test"}, {"usage.holder", "ci"}}, "", {}},
      {milliseconds(400), 0, {}, "", PresenceStatus::kOffline}};
  Stage stage(script);
  const Facets other = stage.device("S-2");
  stage.pass(milliseconds(99));
  EXPECT_EQ(stage.device("S-1").software->fields.firmware_version, "1.0.0");
  stage.pass(milliseconds(1));
  EXPECT_EQ(stage.device("S-1").software->fields.firmware_version, "2.0");
  stage.pass(milliseconds(100));
  EXPECT_EQ(stage.device("S-1").presence->fields.status.value, PresenceStatus::kStandby);
  EXPECT_EQ(stage.device("S-1").network->fields.hostname, "living-room");
  stage.pass(milliseconds(100));
  EXPECT_EQ(stage.device("S-1").usage->fields.state.value, UsageState::kInTest);
  EXPECT_EQ(stage.device("S-1").usage->fields.holder, "ci");
  stage.pass(milliseconds(100));
  EXPECT_EQ(stage.device("S-1").presence->fields.status.value, PresenceStatus::kOffline);
  EXPECT_TRUE(stage.player().is_finished());
  EXPECT_EQ(stage.device("S-2"), other) << "nobody edited it";
}

TEST(ScriptPlayer, an_unplugged_device_answers_nobody_and_tells_all_when_it_is_back) {
  Script script = script_of(1);
  script.timed = {{milliseconds(100), 0, {}, "", PresenceStatus::kOffline},
                  {milliseconds(200), 0, {{"software.firmware_version", "2.0"}}, "", std::nullopt},
                  {milliseconds(300), 0, {}, "", PresenceStatus::kOnline}};
  Stage stage(script);
  stage.pass(milliseconds(250));
  EXPECT_EQ(stage.device("S-1").software->fields.firmware_version, "1.0.0");
  const ProbeOrder order{stage.registry.live_sessions().at(0), {"10.77.0.1", "", {}}, {}};
  EXPECT_FALSE(stage.player().answer(order).outcomes.at(0).answered());
  stage.pass(milliseconds(50));
  EXPECT_EQ(stage.device("S-1").software->fields.firmware_version, "2.0");
}

TEST(ScriptPlayer, nobody_answers_at_an_address_that_is_not_in_the_script) {
  ScriptPlayer player(script_of(1));
  EXPECT_FALSE(player.answer({SessionId(), {"10.0.0.1", "", {}}, {}}).outcomes.at(0).answered());
}

TEST(ScriptPlayer, the_same_seed_makes_the_same_history) {
  const auto messages_with = [](std::uint64_t seed) {
    Script script = script_of(5);
    script.seed = seed;
    script.edits_per_second = 50;
    Stage stage(script);
    stage.pass(seconds(2));
    return stage.messages;
  };
  EXPECT_EQ(messages_with(7), messages_with(7));
  EXPECT_NE(messages_with(7), messages_with(8));
}

}  // namespace
}  // namespace dmp::local
