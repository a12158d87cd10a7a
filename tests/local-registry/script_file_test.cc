// Script files as people write them, and the thread that plays one.
#include "local-registry/adapters/script_file.h"

#include <cstdio>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "local-registry/adapters/lan_watch.h"
#include "local-registry/adapters/scripted_source.h"

namespace dmp::local {
namespace {

using std::chrono::milliseconds;

const RaeSerial kRae = RaeSerial::parse("rae-1").value();
const RaeSerial kOtherRae = RaeSerial::parse("rae-2").value();

TEST(ScriptFile, says_everything_a_script_can_say) {
  const auto script = parse_script(R"({
    "about": "for people", "seed": 5, "edits_per_second": 90, "duration_ms": 1500,
    "kinds": {"firmware": 3, "presence": 1},
    "devices": [
      {"id": "tv", "mac": "B0-A7-37-00-00-01", "ipv4": "10.0.0.9", "hostname": "parlour",
       "manufacturer": "M", "model": "X", "model_number": "X-1", "serial": "S1", "esn": "E",
       "device_type": "tv", "name": "TV", "firmware": "7", "os": "8", "sdk": "9", "app": "10"},
      {"id": "stick", "count": 3, "model": "Stick"}],
    "edits": [
      {"at_ms": 900, "device": "stick-2", "presence": "offline"},
      {"at_ms": 100, "device": "tv", "firmware": "8", "usage": "in_test", "holder": "ci"}]})",
                                   kRae);
  ASSERT_TRUE(script) << script.error().message;
  EXPECT_EQ(script->seed, 5u);
  EXPECT_EQ(script->edits_per_second, 90);
  EXPECT_EQ(script->duration, milliseconds(1500));
  EXPECT_EQ(script->weights, (std::array<int, 5>{3, 0, 0, 0, 1}));
  ASSERT_EQ(script->devices.size(), 4u);
  const ScriptedDevice& tv = script->devices[0];
  EXPECT_EQ(tv.mac, "b0:a7:37:00:00:01");
  EXPECT_EQ(tv.address, "10.0.0.9");
  EXPECT_EQ(tv.says.get("identity.serial"), "S1");
  EXPECT_EQ(tv.says.get("software.app_version"), "10");
  EXPECT_EQ(script->devices[2].id, "stick-2");
  EXPECT_EQ(script->devices[2].says.get("identity.model"), "Stick");
  EXPECT_EQ(script->devices[2].says.get("identity.serial"), "rae-1-stick-2");
  ASSERT_EQ(script->timed.size(), 2u);
  EXPECT_EQ(script->timed[0].at, milliseconds(100)) << "the earliest first";
  EXPECT_EQ(script->timed[0].says.at("usage.holder"), "ci");
  EXPECT_EQ(script->timed[1].device, 2u);
  EXPECT_EQ(script->timed[1].presence, PresenceStatus::kOffline);
}

TEST(ScriptFile, counted_devices_are_nobody_elses_on_any_rae) {
  const std::string text = R"({"devices": [{"id": "tv", "count": 1000}]})";
  std::set<std::string> macs;
  std::set<std::string> serials;
  for (const RaeSerial& rae : {kRae, kOtherRae}) {
    const auto script = parse_script(text, rae);
    ASSERT_TRUE(script) << script.error().message;
    for (const ScriptedDevice& device : script->devices) {
      macs.insert(device.mac);
      serials.insert(device.says.get("identity.serial"));
    }
  }
  EXPECT_EQ(macs.size(), 2000u);
  EXPECT_EQ(serials.size(), 2000u);
}

TEST(ScriptFile, refuses_what_is_wrong_and_says_where) {
  struct Case {
    std::string text;
    std::vector<std::string> mentions;
  };
  const std::string tv = R"("devices": [{"id": "tv"}])";
  const std::vector<Case> cases = {
      {"{\n\"seed\": 1,\n\"seed\" 2}", {"line 3"}},
      {"[]", {"object"}},
      {"{}", {"devices"}},
      {R"({"devices": []})", {"devices"}},
      {R"({"rate": 5, )" + tv + "}", {"unknown field 'rate'"}},
      {R"({"seed": "x", )" + tv + "}", {"seed", "\"x\""}},
      {R"({"edits_per_second": 2001, )" + tv + "}", {"edits_per_second", "2001", "0 to 2000"}},
      {R"({"duration_ms": -1, )" + tv + "}", {"duration_ms", "-1"}},
      {R"({"kinds": {"color": 1}, )" + tv + "}", {"kinds", "color"}},
      {R"({"kinds": {"esn": 0}, )" + tv + "}", {"kinds", "more than 0"}},
      {R"({"kinds": [1], )" + tv + "}", {"kinds", "object"}},
      {R"({"devices": [{"id": "a"}, {"model": "X"}]})", {"devices[1]", "'id'"}},
      {R"({"devices": [{"id": "a", "mac": "zz"}]})", {"devices[0]", "mac", "zz"}},
      {R"({"devices": [{"id": "a", "ipv4": "10.0.0"}]})", {"devices[0]", "ipv4", "10.0.0"}},
      {R"({"devices": [{"id": "a", "model": " X"}]})", {"devices[0]", "model", "blanks"}},
      {R"({"devices": [{"id": "a", "count": 1001}]})", {"count", "1001"}},
      {R"({"devices": [{"id": "a", "count": 600}, {"id": "b", "count": 600}]})", {"1000"}},
      {R"({"devices": [{"id": "a", "count": 2, "serial": "S"}]})", {"count", "serial"}},
      {R"({"devices": [{"id": "a"}, {"id": "a"}]})", {"two", "id", "a"}},
      {R"({"devices": [{"id": "a", "serial": "S"}, {"id": "b", "serial": "S"}]})", {"serial", "S"}},
      {"{" + tv + R"(, "edits": [{"device": "tv"}]})", {"edits[0]", "at_ms"}},
      {"{" + tv + R"(, "edits": [{"at_ms": 1, "device": "no"}]})", {"edits[0]", "no"}},
      {"{" + tv + R"(, "edits": [{"at_ms": 1, "device": "tv", "usage": "x"}]})", {"usage", "'x'"}},
      {"{" + tv + R"(, "edits": [{"at_ms": 1, "device": "tv", "presence": "on"}]})",
       {"edits[0]", "presence", "'on'"}},
  };
  for (const Case& c : cases) {
    const auto script = parse_script(c.text, kRae);
    ASSERT_FALSE(script) << c.text;
    for (const std::string& part : c.mentions) {
      EXPECT_NE(script.error().message.find(part), std::string::npos) << c.text << "\n"
                                                                      << script.error().message;
    }
  }
}

TEST(ScriptFile, refuses_a_file_that_is_not_there_or_too_large) {
  const auto missing = load_script("/nonexistent/script.json", kRae);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nonexistent/script.json"), std::string::npos);

  std::string path = "/tmp/dmp-script-XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path) << std::string(kScriptBytesMax + 1, ' ');
  const auto large = load_script(path, kRae);
  unlink(path.c_str());
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().message.find(std::to_string(kScriptBytesMax)), std::string::npos);
}

TEST(ScriptedSource, shows_its_devices_answers_probes_and_plays_its_edits) {
  auto script = parse_script(
      R"({"devices": [{"id": "tv", "ipv4": "10.0.0.9"}],
          "edits": [{"at_ms": 1, "device": "tv", "presence": "offline"}]})",
      kRae);
  ASSERT_TRUE(script);
  Metrics metrics;
  EventQueue events(100, 1 << 20);
  auto prober = ScriptedProber::open();
  ASSERT_TRUE(prober);
  std::vector<std::unique_ptr<LanSource>> sources;
  sources.push_back(std::make_unique<ScriptedSource>(std::move(*script), **prober, metrics));
  LanWatch watch(std::move(sources), events, metrics);
  ASSERT_TRUE(watch.run());

  const auto deadline = SystemClock().steady() + std::chrono::seconds(30);
  const auto next = [&]() -> std::optional<Sighting> {
    auto event = events.pop_until(deadline);
    if (!event) return std::nullopt;
    return std::get<Sighting>(*event);
  };
  EXPECT_TRUE(std::holds_alternative<PortLearnt>(next().value()));
  EXPECT_TRUE(std::holds_alternative<LeaseSeen>(next().value()));
  EXPECT_TRUE(std::holds_alternative<PortCarrier>(next().value()));
  SessionId session(SessionId::Bytes{1});
  ASSERT_TRUE((*prober)->ask({session, {"10.0.0.9", "", {}}, {}}));
  const auto finished = std::get<ProbeFinished>(next().value());
  EXPECT_EQ(finished.session, session);
  EXPECT_FALSE(finished.outcomes.at(0).answered()) << "it is unplugged";
  watch.stop();
  EXPECT_NE(metrics.text().find("script_edits_total 1"), std::string::npos);
}

TEST(ScriptedProber, refuses_more_orders_than_it_can_hold) {
  auto prober = ScriptedProber::open();
  ASSERT_TRUE(prober);
  for (std::size_t i = 0; i < ScriptedProber::kOrdersMax; ++i) EXPECT_TRUE((*prober)->ask({}));
  EXPECT_FALSE((*prober)->ask({}));
  EXPECT_EQ((*prober)->take().size(), ScriptedProber::kOrdersMax);
  EXPECT_TRUE((*prober)->ask({}));
}

}  // namespace
}  // namespace dmp::local
