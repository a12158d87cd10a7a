#include "canary/options.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

constexpr std::initializer_list<const char*> kUsable = {"--mqtt-ca=ca.crt", "--run=r1"};

Status parse(std::initializer_list<const char*> flags, Options& options,
             const char* command = "run") {
  std::vector<const char*> arguments = {"dmp-canary", command};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  Settings settings("dmp-canary", "");
  options.declare(settings);
  const auto parsed = settings.parse(static_cast<int>(arguments.size()), arguments.data());
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

std::string refusal_of(std::initializer_list<const char*> flags, const char* command = "run") {
  Options options;
  const auto status = parse(flags, options, command);
  return status ? "" : status.error().message;
}

TEST(Options, are_usable_with_a_ca_and_a_run) {
  Options options;
  EXPECT_TRUE(parse(kUsable, options));
  EXPECT_EQ(options.load().clients, 3000);
  EXPECT_EQ(options.identities(), 3001);
  EXPECT_EQ(options.thresholds().size(), 4U);
  EXPECT_EQ(options.budgets().puback_ms, 200);
}

TEST(Options, that_cannot_be_used_are_named_with_the_way_out) {
  struct Case {
    std::initializer_list<const char*> flags;
    const char* says;
  };
  const Case cases[] = {
      {{}, "mqtt-ca: is empty; give --mqtt-ca or DMP_CANARY_MQTT_CA; `./dmp env` prints those"},
      {{"--run=r1"}, "mqtt-ca: is empty"},
      {{"--mqtt-ca=c"}, "run: is empty; name the run that the certificates are for"},
      {{"--mqtt-ca=c"}, "give --authority-key or DMP_CANARY_AUTHORITY_KEY; `./dmp env` prints"},
      {{"--mqtt-ca=c", "--run=R/1"}, "'R/1' is not 1 to 20 of a-z and 0-9"},
      {{"--mqtt-ca=c", "--run=r", "--authority-key=k"}, "belong together"},
      {{"--mqtt-ca=c", "--run=r", "--every=3h"}, "every: needs authority-key and no run"},
      {{"--mqtt-ca=c", "--run=r", "--json=same", "--html=same"}, "html: same is the file of json"},
      {{"--mqtt-ca=c", "--authority-key=k", "--authority-certificate=c", "--every=1m"},
       "every: 1m is shorter than a run, which takes 65s at least"},
      {{"--mqtt-ca=c", "--run=r", "--fail-if=puback.p98>1s"}, "percentiles: p50"},
      {{"--mqtt-ca=c", "--run=r", "--mqtt-uri=tcp://h:1"}, "expected ssl://HOST:PORT"},
      {{"--mqtt-ca=c", "--run=r", "--rest=https://h:1"}, "needs rest-ca and rest-token"},
      {{"--mqtt-ca=c", "--run=r", "--rest=https://h:1", "--rest-ca=c"}, "DMP_CANARY_REST_TOKEN"},
      {{"--mqtt-ca=c", "--run=r", "--rest=http://h:1"}, "expected https://HOST:PORT"},
      {{"--mqtt-ca=c", "--run=r", "--rest=https://h:x"}, "https://HOST:PORT"},
      {{"--mqtt-ca=c", "--run=r", "--rest=https://h:1/v1"}, "nothing behind it"},
      {{"--mqtt-ca=c", "--run=r", "--registry-metrics=http://h:70000"}, "registry-metrics: exp"},
      {{"--mqtt-ca=c", "--run=r", "--bridge-metrics=h:1"}, "expected http://HOST:PORT"},
      {{"--mqtt-ca=c", "--run=r", "--clients=0"},
       "clients (flag): 0 is out of range; give a whole number between"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.says);
    const std::string refusal = refusal_of(c.flags);
    EXPECT_NE(refusal.find(c.says), std::string::npos) << refusal;
  }
}

TEST(Options, have_a_threshold_on_what_is_not_visible_if_somebody_looks) {
  const auto last_of = [](std::initializer_list<const char*> flags) {
    Options options;
    EXPECT_TRUE(parse(flags, options));
    return options.thresholds().back().text();
  };
  EXPECT_EQ(last_of({"--mqtt-ca=c", "--run=r"}), "unsent>0");
  EXPECT_EQ(
      last_of({"--mqtt-ca=c", "--run=r", "--rest=https://h:1", "--rest-ca=c", "--rest-token=t"}),
      "not_visible>0");
  EXPECT_EQ(last_of({"--mqtt-ca=c", "--run=r", "--fail-if=not_visible>0"}), "not_visible>0");
}

TEST(Options, of_certificates_need_an_authority_and_a_run) {
  EXPECT_NE(refusal_of({}, "certificates").find("authority-key: is empty"), std::string::npos);
  EXPECT_NE(refusal_of({"--authority-key=k", "--authority-certificate=c"}, "certificates")
                .find("name the run they are for"),
            std::string::npos);
}

TEST(Profiles, are_settings_this_program_has) {
  int count = 0;
  const std::filesystem::path folder = std::filesystem::path(DMP_SOURCE_DIR) / "canary/profiles";
  for (const auto& profile : std::filesystem::directory_iterator(folder)) {
    const std::string flag = "--config=" + profile.path().string();
    Options options;
    const auto status = parse(
        {flag.c_str(), "--mqtt-ca=c", "--authority-key=k", "--authority-certificate=c"}, options);
    EXPECT_TRUE(status) << status.error().message;
    ++count;
  }
  EXPECT_EQ(count, 3);
}

TEST(Profiles, of_a_service_make_one_run_too) {
  const std::string flag =
      std::string("--config=") + DMP_SOURCE_DIR + "/canary/profiles/three-hourly.toml";
  Options options;
  const auto status = parse({flag.c_str(), "--every=0ms", "--mqtt-ca=c", "--run=r"}, options);
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_EQ(options.every.count(), 0);
}

TEST(Broker, is_an_address_with_a_port) {
  EXPECT_EQ(parse_broker("ssl://10.0.0.1:8883")->host, "10.0.0.1");
  EXPECT_EQ(parse_broker("ssl://[::1]:8883")->host, "::1");
  EXPECT_EQ(parse_broker("ssl://[::1]:8883")->port, 8883);
  for (const char* uri : {"", "ssl://", "ssl://h", "ssl://:1", "ssl://h:0", "ssl://h:65536",
                          "ssl://h:1x", "mqtts://h:1"}) {
    EXPECT_FALSE(parse_broker(uri)) << uri;
  }
}

}  // namespace
}  // namespace dmp::canary
