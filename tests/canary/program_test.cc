// The program itself: what it leaves behind, and how it ends.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/admin_port.h"
#include "base/metrics.h"
#include "canary/adapters/report_files.h"
#include "tests/canary/stand_in_bridge.h"
#include "tests/fixtures/mosquitto.h"
#include "tests/fixtures/spawn.h"
#include "tests/fixtures/waiting.h"

namespace dmp::canary {
namespace {

class CanaryProgram : public testing::Test {
 protected:
  // Whoever runs the tests may have the settings of a stack in the environment.
  CanaryProgram() {
    for (const char* part : {"REST", "BRIDGE_METRICS", "REGISTRY_METRICS"}) {
      unsetenv((std::string("DMP_CANARY_") + part).c_str());
    }
  }

  std::vector<std::string> flags() const {
    return {"--mqtt-uri=" + broker_.uri(),
            "--mqtt-ca=" + broker_.file("ca.crt"),
            "--authority-certificate=" + broker_.file("ca.crt"),
            "--authority-key=" + broker_.file("ca.key"),
            "--certificates=" + broker_.file("clients"),
            "--clients=20",
            "--ramp=200ms",
            "--rate=50",
            "--publish=1s",
            "--hold=0ms",
            "--json=" + broker_.file("report.json"),
            "--html=" + broker_.file("report.html"),
            "--junit=" + broker_.file("report.xml"),
            "--prometheus=" + broker_.file("report.prom")};
  }

  pid_t start(std::vector<std::string> words, const std::string& command = "run") const {
    words.insert(words.begin(), command);
    const int log =
        open(broker_.file("said").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    EXPECT_GE(log, 0);
    const pid_t pid = test::spawn(DMP_CANARY_PROGRAM, words, log);
    close(log);
    return pid;
  }

  static int exit_code(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Those above, with these instead of theirs.
  std::vector<std::string> flags_but(const std::vector<std::string>& others) const {
    std::vector<std::string> words = flags();
    for (const std::string& other : others) {
      const std::string name = other.substr(0, other.find('=') + 1);
      std::erase_if(words, [&](const std::string& word) { return word.starts_with(name); });
      words.push_back(other);
    }
    return words;
  }

  int run(const std::vector<std::string>& others = {}) const {
    return exit_code(start(flags_but(others)));
  }

  std::string text(const std::string& name) const {
    std::ifstream file(broker_.file(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bool says(const std::string& words) const {
    return text("said").find(words) != std::string::npos;
  }

  int times_said(const std::string& words) const {
    const std::string said = text("said");
    int times = 0;
    for (std::size_t at = 0; (at = said.find(words, at)) != std::string::npos; ++at) ++times;
    return times;
  }

  // Whether a file whose name ends so is in the certificates' folder.
  bool has(const std::string& ending) const {
    std::error_code problem;
    for (std::filesystem::directory_iterator at(broker_.file("clients"), problem), end;
         !problem && at != end; at.increment(problem)) {
      if (at->path().string().ends_with(ending)) return true;
    }
    return false;
  }

  test::Mosquitto broker_{{}};
};

TEST_F(CanaryProgram, passes_and_leaves_its_reports_and_no_certificate) {
  const StandInBridge bridge(broker_);
  // Long enough for the witness to be heard on a busy machine.
  EXPECT_EQ(run({"--publish=4s"}), 0) << text("said");
  const auto figures = read_figures(broker_.file("report.json"));
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->at("connected"), 20);
  EXPECT_EQ(figures->at("confirmed"), 200);
  EXPECT_GT(figures->at("probe_puback_count"), 0) << "the witness on Paho";
  EXPECT_NE(text("report.html").find("</html>"), std::string::npos);
  EXPECT_NE(text("report.xml").find("failures=\"0\""), std::string::npos);
  EXPECT_NE(text("report.prom").find("dmp_canary_figure{name=\"lost\"} 0"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
}

TEST_F(CanaryProgram, ends_with_99_beyond_a_threshold_and_tells_the_run_before) {
  const StandInBridge bridge(broker_);
  ASSERT_EQ(run(), 0) << text("said");
  EXPECT_EQ(run({"--compare=" + broker_.file("report.json"), "--rate=100", "--fail-if=sent>99"}),
            99);
  EXPECT_TRUE(says("FAIL  sent>99: it was 100")) << text("said");
  EXPECT_TRUE(says("unlike: load_rate 50 -> 100")) << text("said");
}

TEST_F(CanaryProgram, ends_with_3_if_nobody_connects) {
  broker_.kill();
  EXPECT_EQ(run({"--grace=1s", "--probe=false"}), 3);
  EXPECT_TRUE(says("refused: 20 x")) << text("said");
  const std::string headline = "nobody could connect: " + broker_.uri() + ": Connection refused: ";
  for (const char* report : {"said", "report.json", "report.html", "report.xml"}) {
    EXPECT_NE(text(report).find(headline), std::string::npos) << text(report);
    EXPECT_EQ(text(report).find("limited by"), std::string::npos) << text(report);
  }
}

TEST_F(CanaryProgram, leaves_a_folder_that_was_there_and_takes_away_all_that_it_made) {
  const StandInBridge bridge(broker_);
  std::filesystem::create_directory(broker_.file("mine"));
  EXPECT_EQ(run({"--certificates=" + broker_.file("mine/a/b/")}), 0) << text("said");
  EXPECT_TRUE(std::filesystem::is_empty(broker_.file("mine")));
}

TEST_F(CanaryProgram, ends_with_2_before_it_begins_if_it_is_asked_for_nonsense) {
  EXPECT_EQ(run({"--fail-if=losses>0"}), 2);
  EXPECT_EQ(run({"--compare=" + broker_.file("none.json")}), 2);
  EXPECT_EQ(run({"--compare=" + broker_.file(".")}), 2);
  EXPECT_TRUE(says("dmp-canary: setting compare: " + broker_.file("none.json"))) << text("said");
  EXPECT_EQ(run({"--authority-key=" + broker_.file("server.key")}), 2);
  EXPECT_TRUE(says("not the private key of")) << text("said");
  EXPECT_EQ(run({"--authority-key=" + broker_.file("none.key")}), 2);
  EXPECT_TRUE(says("none.key: no readable PEM private key")) << text("said");
  EXPECT_EQ(run({"--mqtt-ca=" + broker_.file("none.crt")}), 2);
  EXPECT_TRUE(says("none.crt: no readable PEM certificate")) << text("said");
  EXPECT_EQ(run({"--rest=https://127.0.0.1:1", "--rest-ca=" + broker_.file("ca.key"),
                 "--rest-token=" + broker_.file("ca.key")}),
            2);
  EXPECT_TRUE(says("setting rest-ca: " + broker_.file("ca.key"))) << text("said");
  EXPECT_EQ(run({"--html=" + broker_.file("none/report.html")}), 2);
  EXPECT_TRUE(says("setting html: " + broker_.file("none/report.html"))) << text("said");
  EXPECT_FALSE(std::filesystem::exists(broker_.file("report.json")));
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
}

TEST_F(CanaryProgram, does_not_take_another_programs_metrics_for_the_bridges) {
  Metrics metrics;
  const auto well = [] { return dmp::Verdict{true, ""}; };
  AdminPort other(metrics, {.live = well, .ready = well});
  const auto port = other.run("127.0.0.1", 0);
  ASSERT_TRUE(port);
  const std::string url = "http://127.0.0.1:" + std::to_string(*port);
  EXPECT_EQ(run({"--bridge-metrics=" + url}), 2);
  EXPECT_TRUE(says("setting bridge-metrics: " + url)) << text("said");
  EXPECT_EQ(run({"--rest=https" + url.substr(4), "--rest-ca=" + broker_.file("ca.crt"),
                 "--rest-token=" + broker_.file("ca.crt")}),
            2);
  EXPECT_TRUE(says("does this port speak HTTPS?")) << text("said");
  other.stop();
  EXPECT_FALSE(std::filesystem::exists(broker_.file("report.json"))) << "nothing was begun";
  const StandInBridge bridge(broker_);
  EXPECT_EQ(run({"--bridge-metrics=" + url}), 0) << text("said");
  EXPECT_NE(text("report.json").find("did not answer before the run began"), std::string::npos);
}

TEST_F(CanaryProgram, ends_with_3_if_nothing_listens_where_rest_is_said_to_be) {
  EXPECT_EQ(run({"--rest=https://127.0.0.1:1", "--rest-ca=" + broker_.file("ca.crt"),
                 "--rest-token=" + broker_.file("ca.crt")}),
            3);
  EXPECT_TRUE(says("setting rest: https://127.0.0.1:1: ")) << text("said");
  EXPECT_FALSE(std::filesystem::exists(broker_.file("report.json")));
}

TEST_F(CanaryProgram, checks_all_that_needs_no_network_if_it_is_asked_to) {
  broker_.kill();
  const auto checked = [this](std::vector<std::string> words) {
    words.push_back("--check-config");
    return exit_code(start(words));
  };
  EXPECT_EQ(checked(flags()), 0) << text("said");
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
  const std::string no_folder = "--certificates=" + broker_.file("ca.crt") + "/none";
  for (const std::string& wrong :
       {std::string("--mqtt-ca=none.crt"), std::string("--authority-key=none.key"),
        std::string("--compare=none.json"), std::string("--html=none/report.html"), no_folder}) {
    EXPECT_EQ(checked(flags_but({wrong})), 2) << wrong;
  }
}

TEST_F(CanaryProgram, that_cannot_connect_does_not_become_what_others_are_compared_with) {
  const std::string compare = "--compare=" + broker_.file("report.json");
  {
    const StandInBridge bridge(broker_);
    ASSERT_EQ(run({compare}), 0) << text("said");
  }
  EXPECT_TRUE(says("report.json is not there yet: this is the first run")) << text("said");
  const std::string first = text("report.json");
  broker_.kill();
  EXPECT_EQ(run({compare, "--grace=1s", "--probe=false"}), 3);
  EXPECT_EQ(text("report.json"), first);
  for (const char* compared : {"better:", "worse:", "as before:"}) {
    EXPECT_FALSE(says(compared)) << text("said");
  }
  EXPECT_EQ(text("report.html").find("<th>before</th>"), std::string::npos);
}

TEST_F(CanaryProgram, makes_as_many_certificates_as_a_run_takes) {
  const StandInBridge bridge(broker_);
  std::vector<std::string> words = flags_but({"--run=beforehand"});
  ASSERT_EQ(exit_code(start(words, "certificates")), 0) << text("said");
  EXPECT_TRUE(says("21 certificates for run beforehand in ")) << text("said");
  const std::string one = broker_.file("clients/canary-beforehand-1.key");
  EXPECT_EQ(exit_code(start(words)), 0) << text("said");
  EXPECT_TRUE(std::filesystem::exists(one)) << "it removes what it made and nothing else";
  std::erase_if(words, [](const std::string& word) { return word.starts_with("--authority"); });
  EXPECT_EQ(exit_code(start(words)), 0) << text("said");
  EXPECT_TRUE(std::filesystem::exists(one));
}

TEST_F(CanaryProgram, removes_what_a_run_that_was_killed_left_and_nothing_else) {
  const StandInBridge bridge(broker_);
  ASSERT_EQ(exit_code(start(flags_but({"--run=mine", "--clients=1"}), "certificates")), 0);
  const pid_t killed = start(flags_but({"--publish=1h", "--run=killed"}));
  EXPECT_TRUE(test::wait_for([this] { return says("publish "); })) << text("said");
  const pid_t living = start(flags_but({"--publish=1h", "--run=living"}));
  EXPECT_TRUE(test::wait_for([this] { return has("living-21.crt"); }));
  kill(killed, SIGKILL);
  EXPECT_EQ(exit_code(killed), -1);
  EXPECT_TRUE(has("canary-killed-20.key"));
  EXPECT_EQ(run(), 0) << text("said");
  for (const auto& file : std::filesystem::directory_iterator(broker_.file("clients"))) {
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(name.starts_with("canary-mine-") || name.starts_with("canary-living")) << name;
  }
  EXPECT_TRUE(has("canary-mine-1.key"));
  EXPECT_TRUE(has("canary-living-1.key"));
  kill(living, SIGINT);
  EXPECT_EQ(exit_code(living), 130);
}

TEST_F(CanaryProgram, refuses_the_name_of_a_run_that_is_under_way) {
  const StandInBridge bridge(broker_);
  const pid_t living = start(flags_but({"--publish=1h", "--run=living"}));
  EXPECT_TRUE(test::wait_for([this] { return says("publish "); })) << text("said");
  std::vector<std::string> words = flags_but({"--run=living"});
  EXPECT_EQ(exit_code(start(words)), 2);
  EXPECT_TRUE(says("setting run: another run living is under way in folder")) << text("said");
  EXPECT_EQ(exit_code(start(words, "certificates")), 2);
  EXPECT_EQ(times_said("another run living is under way"), 2) << text("said");
  std::erase_if(words, [](const std::string& word) { return word.starts_with("--authority"); });
  EXPECT_EQ(exit_code(start(words)), 2);
  EXPECT_EQ(times_said("another run living is under way"), 3) << text("said");
  EXPECT_TRUE(has("canary-living-1.key"));
  kill(living, SIGINT);
  EXPECT_EQ(exit_code(living), 130);
  EXPECT_NE(text("report.json").find("\"disconnected\": 0.0"), std::string::npos)
      << "nobody took its clients' names";
}

TEST_F(CanaryProgram, ends_at_once_when_interrupted_while_certificates_are_made) {
  const pid_t pid = start(flags_but({"--clients=3000"}));
  EXPECT_TRUE(test::wait_for([this] { return says("certificates 0/3001"); })) << text("said");
  kill(pid, SIGINT);
  EXPECT_EQ(exit_code(pid), 130) << text("said");
  // On a busy machine all of them may have been made before anybody heard of the first.
  for (const char* said : {"said", "report.json"}) {
    EXPECT_NE(text(said).find("interrupted"), std::string::npos) << text(said);
  }
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
}

TEST_F(CanaryProgram, as_a_service_runs_again_and_again_until_it_is_stopped) {
  const StandInBridge bridge(broker_);
  const pid_t pid = start(flags_but({"--probe=false", "--every=2s", "--jitter=100ms"}));
  EXPECT_TRUE(test::wait_for([this] { return times_said("event=run_ended exit_code=0") >= 2; }))
      << text("said");
  kill(pid, SIGTERM);
  EXPECT_EQ(exit_code(pid), 0) << "whatever the run under way came to: " << text("said");
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
}

TEST_F(CanaryProgram, ends_with_130_when_interrupted_and_still_reports) {
  const StandInBridge bridge(broker_);
  const pid_t pid = start(flags_but({"--publish=1h"}));
  EXPECT_TRUE(test::wait_for([this] { return says("publish "); })) << text("said");
  kill(pid, SIGINT);
  EXPECT_EQ(exit_code(pid), 130) << text("said");
  EXPECT_NE(text("report.json").find("\"left\": 20.0"), std::string::npos);
  for (const char* report : {"said", "report.json", "report.html", "report.xml"}) {
    EXPECT_NE(text(report).find("interrupted in phase publish after"), std::string::npos)
        << text(report);
  }
  EXPECT_FALSE(std::filesystem::exists(broker_.file("clients")));
}

}  // namespace
}  // namespace dmp::canary
