// Runs against a real Mosquitto, over mutual TLS and its access list.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stop_token>
#include <system_error>

#include <gtest/gtest.h>
#include <netdb.h>

#include "base/admin_port.h"
#include "base/tcp_connections.h"
#include "canary/adapters/identities.h"
#include "canary/adapters/mosquitto_fleet.h"
#include "canary/assemble.h"
#include "canary/core/preflight.h"
#include "canary/run.h"
#include "tests/canary/stand_in_bridge.h"
#include "tests/fixtures/mosquitto.h"

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kClients = 50;
constexpr const char* kName = "test";

RunSettings fifty_clients() {
  RunSettings settings;
  settings.name = kName;
  settings.load = {.clients = kClients,
                   .rate = 200,
                   .ramp = milliseconds(400),
                   .publish = seconds(1),
                   .hold = milliseconds(100),
                   .grace = seconds(60)};
  return settings;
}

std::int64_t open_descriptors() {
  using std::filesystem::directory_iterator;
  return std::distance(directory_iterator("/proc/self/fd"), directory_iterator());
}

// Shows, whenever it is asked, that list.
class ShowsList final : public Cloud {
 public:
  ShowsList(ObservationQueue& queue, Census census) : queue_(queue), census_(std::move(census)) {}
  void take_census() override {
    (void)queue_.try_push({.reading = {}, .sighting = {}, .census = census_});
  }

 private:
  ObservationQueue& queue_;
  const Census census_;
};

class SilentCloud final : public Cloud {
 public:
  void take_census() override {}
};

// A fleet that passes everything on to another.
class PassesOn : public ClientFleet {
 public:
  explicit PassesOn(ClientFleet& fleet) : fleet_(fleet) {}
  Status connect(int client, const Introduction& introduction) override {
    return fleet_.connect(client, introduction);
  }
  Status subscribe(int client, const std::string& topic) override {
    return fleet_.subscribe(client, topic);
  }
  Result<int> publish(int client, const Outgoing& message) override {
    return fleet_.publish(client, message);
  }
  void leave(int client) override { fleet_.leave(client); }
  void abandon(int client) override { fleet_.abandon(client); }
  void poll(SteadyTime deadline, std::vector<FleetEvent>& events) override {
    fleet_.poll(deadline, events);
  }

 private:
  ClientFleet& fleet_;
};

// Is told to stop as soon as its first client leaves.
class StopsLeaving final : public PassesOn {
 public:
  StopsLeaving(ClientFleet& fleet, std::stop_source& stop) : PassesOn(fleet), stop_(stop) {}
  void leave(int client) override {
    stop_.request_stop();
    PassesOn::leave(client);
  }

 private:
  std::stop_source& stop_;
};

// Counts the connects that were begun before anybody looked at a socket.
class CountsAtOnce final : public PassesOn {
 public:
  using PassesOn::PassesOn;
  Status connect(int client, const Introduction& introduction) override {
    if (!looked_) ++at_once;
    return PassesOn::connect(client, introduction);
  }
  void poll(SteadyTime deadline, std::vector<FleetEvent>& events) override {
    looked_ = true;
    PassesOn::poll(deadline, events);
  }

  int at_once = 0;

 private:
  bool looked_ = false;
};

class CanaryRun : public testing::Test {
 protected:
  CanaryRun() {
    const auto status = issue_identities({{broker_.file("ca.crt"), broker_.file("ca.key")},
                                          broker_.file("clients"),
                                          kName,
                                          kClients,
                                          seconds(3600)});
    EXPECT_TRUE(status) << status.error().message;
  }

  MosquittoFleet fleet(int keepalive_s = 20) {
    return {{"127.0.0.1", port_of(broker_.uri()), broker_.file("ca.crt"), broker_.file("clients"),
             keepalive_s},
            kClients,
            clock_};
  }

  RunResult run(const RunSettings& settings, ClientFleet& fleet) {
    return canary::Run(settings, {clock_, fleet, observations_, cloud_, false,
                                  [this](const Progress& progress) {
                                    if (on_progress_) on_progress_(progress);
                                  }})
        .run(stop_.get_token());
  }

  static Report report_of(const RunSettings& settings, const RunResult& result) {
    // However busy the machine is: what is judged here is no time.
    const Budgets budgets{1e6, 1e6, 1e6, 1e6, 1e6, 1e6};
    return assemble(settings, result, {}, budgets,
                    {*Threshold::parse("lost>0"), *Threshold::parse("unsent>0")});
  }

  // That the clients failed at that step, most of them for a reason with those words in it.
  static void expect_failure(const RunResult& result, ConnectStep step, const std::string& words) {
    const auto failure = result.tally.refused.foremost();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->step, step) << failure->why;
    EXPECT_NE(failure->why.find(words), std::string::npos) << failure->why;
  }

  static std::vector<std::string> phases_in(const RunResult& result) {
    std::vector<std::string> names;
    for (const PhaseResult& phase : result.phases) {
      names.push_back(std::string(name_of(phase.plan.phase)) + (phase.cut ? " cut" : ""));
    }
    return names;
  }

  test::Mosquitto broker_{{}};
  SystemClock clock_;
  ObservationQueue observations_{100, 100};
  std::stop_source stop_;
  Cloud* cloud_ = nullptr;
  std::function<void(const Progress&)> on_progress_;
};

TEST_F(CanaryRun, has_every_update_confirmed_and_leaves_nobody_behind) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  const RunSettings settings = fifty_clients();
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.connected, kClients);
  for (const Stage part : {Stage::kConnectTcp, Stage::kConnectTls, Stage::kConnectMqtt}) {
    EXPECT_EQ(result.tally.histogram(part).count(), kClients);
    EXPECT_LE(result.tally.histogram(part).percentile(100),
              result.tally.histogram(Stage::kConnect).percentile(100));
  }
  EXPECT_EQ(result.tally.subscribed, kClients);
  EXPECT_EQ(result.tally.sent, 200);
  EXPECT_EQ(result.tally.acknowledged, 200);
  EXPECT_EQ(result.tally.confirmed, 200);
  EXPECT_EQ(result.tally.lost, 0);
  EXPECT_EQ(result.tally.duplicates + result.tally.reordered + result.tally.unknown, 0);
  EXPECT_EQ(result.tally.left, kClients);
  EXPECT_EQ(result.tally.forced, 0);
  EXPECT_EQ(result.tally.histogram(Stage::kConfirmed).count(), 200);
  EXPECT_EQ(report_of(settings, result).exit_code, kPassed);
}

TEST_F(CanaryRun, takes_as_many_file_descriptors_as_it_said_beforehand) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  const std::int64_t before = open_descriptors();
  std::int64_t most = 0;
  on_progress_ = [&](const Progress& progress) {
    if (progress.live == kClients) most = std::max(most, open_descriptors() - before);
  };
  RunSettings settings = fifty_clients();
  settings.load.hold = std::chrono::seconds(3);  // longer than between two reports of progress
  run(settings, clients);
  EXPECT_EQ(most, descriptors_for(kClients) - descriptors_for(0));
}

TEST_F(CanaryRun, in_a_storm_connects_everybody_as_well) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.storm = true;
  CountsAtOnce counting(clients);
  const RunResult result = run(settings, counting);
  EXPECT_EQ(counting.at_once, kClients) << "one after the other they would be no storm";
  EXPECT_EQ(result.tally.connected, kClients);
  EXPECT_EQ(result.tally.lost, 0);
}

TEST_F(CanaryRun, counts_as_lost_what_was_never_confirmed) {
  const StandInBridge bridge(broker_, 10);
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.grace = seconds(5);  // it waits so long for the rest
  const RunResult result = run(settings, clients);
  const Report report = report_of(settings, result);
  EXPECT_EQ(result.tally.sent, 200);
  EXPECT_EQ(result.tally.lost, 20);
  EXPECT_EQ(report.verdict.part, Part::kBridge);
  EXPECT_EQ(report.exit_code, kBreached);
}

TEST_F(CanaryRun, without_a_bridge_names_it_and_loses_everything) {
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.rate = 50;
  settings.load.grace = seconds(5);
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.not_taken, result.tally.sent);
  EXPECT_EQ(result.tally.lost, result.tally.sent);
  const Report report = report_of(settings, result);
  EXPECT_EQ(report.verdict.part, Part::kBridge);
  EXPECT_EQ(report.exit_code, kBreached);
}

TEST_F(CanaryRun, of_a_list_that_never_answers_says_that_nobody_was_counted) {
  const StandInBridge bridge(broker_);
  SilentCloud cloud;
  cloud_ = &cloud;
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.grace = seconds(5);  // it waits so long for an answer
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.confirmed, 200);
  EXPECT_EQ(result.tally.not_visible, std::nullopt);
  const Report report = report_of(settings, result);
  EXPECT_EQ(report.verdict.part, Part::kRegistry);
  EXPECT_EQ(breach_of(*Threshold::parse("not_visible>0"), report), "not_visible>0: not measured");
}

TEST_F(CanaryRun, counts_who_is_visible_though_everybody_was_cut_off) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.publish = seconds(3600);
  settings.load.grace = seconds(2);
  Census all_but_one;
  for (int client = 2; client <= kClients; ++client) {
    all_but_one[serial_of(kName, client).str()] = std::numeric_limits<std::int64_t>::max();
  }
  ShowsList cloud(observations_, all_but_one);
  cloud_ = &cloud;
  on_progress_ = [this](const Progress& progress) {
    if (progress.phase == Phase::kPublish && progress.tally->confirmed >= 2 * kClients) {
      broker_.kill();
    }
  };
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.disconnected.total(), kClients);
  EXPECT_EQ(result.tally.not_visible, 1);
}

TEST_F(CanaryRun, survives_a_broker_killed_in_the_middle_and_says_so) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.publish = seconds(3600);  // it must not go on until then
  on_progress_ = [this](const Progress& progress) {
    if (progress.phase == Phase::kPublish && progress.tally->sent > 0) broker_.kill();
  };
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.connected, kClients);
  EXPECT_EQ(result.tally.disconnected.total(), kClients);
  EXPECT_EQ(result.tally.sent + result.tally.unsent, 200 * 3600) << "each is accounted for";
  const Report report = report_of(settings, result);
  EXPECT_EQ(report.verdict.part, Part::kBroker);
  EXPECT_NE(report.exit_code, kPassed);
}

TEST_F(CanaryRun, of_a_broker_that_is_not_there_cannot_connect) {
  auto clients = fleet();
  broker_.kill();
  const RunSettings settings = fifty_clients();
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.connected, 0);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  EXPECT_EQ(report_of(settings, result).exit_code, kCannotConnect);
  expect_failure(result, ConnectStep::kReach, std::generic_category().message(ECONNREFUSED));
}

TEST_F(CanaryRun, of_a_broker_whose_name_is_none_says_what_the_resolver_said) {
  // No label may be that long, so nobody else needs to be asked.
  MosquittoFleet clients({std::string(64, 'x') + ".invalid", port_of(broker_.uri()),
                          broker_.file("ca.crt"), broker_.file("clients")},
                         kClients, clock_);
  const RunResult result = run(fifty_clients(), clients);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  const auto failure = result.tally.refused.foremost();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->step, ConnectStep::kReach);
  const auto says = [&](int code) { return failure->why == gai_strerror(code); };
  EXPECT_TRUE(says(EAI_NONAME) || says(EAI_FAIL) || says(EAI_AGAIN)) << failure->why;
}

TEST_F(CanaryRun, does_not_trust_a_broker_of_another_authority_and_says_so) {
  const test::Mosquitto other({});
  MosquittoFleet clients(
      {"127.0.0.1", port_of(broker_.uri()), other.file("ca.crt"), broker_.file("clients")},
      kClients, clock_);
  const RunResult result = run(fifty_clients(), clients);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  expect_failure(result, ConnectStep::kBrokerCertificate, "certificate verify failed: ");
}

TEST_F(CanaryRun, of_a_port_without_tls_says_that_the_handshake_failed) {
  Metrics metrics;
  AdminPort plain(metrics, {.live =
                                [] {
                                  return dmp::Verdict{true, ""};
                                },
                            .ready =
                                [] {
                                  return dmp::Verdict{true, ""};
                                }});
  const auto port = plain.run("127.0.0.1", 0);
  ASSERT_TRUE(port);
  MosquittoFleet clients({"127.0.0.1", *port, broker_.file("ca.crt"), broker_.file("clients")},
                         kClients, clock_);
  const RunResult result = run(fifty_clients(), clients);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  expect_failure(result, ConnectStep::kTls, "");
  plain.stop();
}

TEST_F(CanaryRun, gives_up_on_a_broker_that_hangs) {
  auto clients = fleet();
  broker_.freeze();
  RunSettings settings = fifty_clients();
  settings.connect_timeout = milliseconds(300);
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.connected, 0);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  expect_failure(result, ConnectStep::kAnswer, "no CONNACK in time");
}

TEST_F(CanaryRun, counts_those_who_never_came_to_connect_and_names_what_kept_them) {
  auto clients = fleet();
  broker_.freeze();
  RunSettings settings = fifty_clients();
  settings.connects_at_once = 1;
  settings.connect_timeout = milliseconds(500);
  settings.load.grace = seconds(2);
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  expect_failure(result, ConnectStep::kAnswer, "no CONNACK in time");
}

TEST_F(CanaryRun, with_certificates_of_another_authority_is_refused) {
  const test::Mosquitto other({});
  ASSERT_TRUE(issue_identities({{other.file("ca.crt"), other.file("ca.key")},
                                broker_.file("clients"),
                                kName,
                                kClients,
                                seconds(3600)}));
  auto clients = fleet();
  const RunResult result = run(fifty_clients(), clients);
  EXPECT_EQ(result.tally.connected, 0);
  EXPECT_EQ(result.tally.refused.total(), kClients);
  expect_failure(result, ConnectStep::kTls, "");  // "unknown ca", if it came before the end
}

TEST_F(CanaryRun, keeps_certificates_that_are_good_to_its_end_and_replaces_all_others) {
  const test::Mosquitto other({});
  const std::string ours = broker_.file("ahead");
  const std::string theirs = broker_.file("theirs");
  const std::string brief = broker_.file("brief");
  IdentityPlan plan{{broker_.file("ca.crt"), broker_.file("ca.key")}, ours, "a", 6, seconds(3600)};
  ASSERT_TRUE(issue_identities(plan));
  plan.folder = brief;
  plan.valid = seconds(60);
  ASSERT_TRUE(issue_identities(plan));
  ASSERT_TRUE(issue_identities(
      {{other.file("ca.crt"), other.file("ca.key")}, theirs, "a", 6, seconds(3600)}));
  const auto copy = [&](const std::string& from, const std::string& name) {
    std::filesystem::copy_file(from + name, ours + name,
                               std::filesystem::copy_options::overwrite_existing);
  };
  std::ofstream(ours + "/canary-a-2.crt", std::ios::trunc);
  copy(theirs, "/canary-a-3.crt");
  copy(theirs, "/canary-a-3.key");
  copy(brief, "/canary-a-4.crt");
  copy(brief, "/canary-a-4.key");
  copy(theirs, "/canary-a-5.key");
  std::filesystem::remove(ours + "/canary-a-6.key");
  plan.folder = ours;
  plan.valid = seconds(3600);
  plan.needed = seconds(600);
  std::vector<std::int64_t> made;
  ASSERT_TRUE(issue_identities(plan, {.keep = true, .stop = {}, .made = &made}));
  EXPECT_EQ(made, (std::vector<std::int64_t>{2, 3, 4, 5, 6}));
  made.clear();
  ASSERT_TRUE(issue_identities(plan, {.keep = true, .stop = {}, .made = &made}));
  EXPECT_TRUE(made.empty()) << "what was issued instead is good";
}

TEST_F(CanaryRun, keeps_its_sessions_through_a_hold_longer_than_the_broker_waits) {
  const StandInBridge bridge(broker_);
  constexpr int kKeepaliveS = 5;  // the least libmosquitto takes; the broker waits half of it more
  auto clients = fleet(kKeepaliveS);
  RunSettings settings = fifty_clients();
  settings.load.hold = seconds(9);
  const RunResult result = run(settings, clients);
  EXPECT_EQ(result.tally.disconnected.total(), 0);
  EXPECT_EQ(result.tally.left, kClients);
}

TEST_F(CanaryRun, that_is_interrupted_leaves_and_reports_what_it_has) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.publish = seconds(60);
  on_progress_ = [this](const Progress& progress) {
    if (progress.tally->sent > 0) stop_.request_stop();
  };
  const RunResult result = run(settings, clients);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.tally.left, kClients);
  EXPECT_EQ(result.tally.unsent, 0) << "what was not due yet is not missing";
  EXPECT_GT(result.tally.sent, 0);
  ASSERT_EQ(phases_in(result),
            (std::vector<std::string>{"connect", "subscribe", "publish cut", "hold", "leave"}));
  EXPECT_GE(result.phases[2].begun, result.tally.sent);
  EXPECT_LT(result.phases[2].begun, result.phases[2].plan.events);
  EXPECT_EQ(result.tally.histogram(Stage::kWireLate).count(), 2 * kClients + result.phases[2].begun)
      << "that all leave at once is no lateness of the canary's";
  const Report report = report_of(settings, result);
  EXPECT_EQ(report.exit_code, kInterrupted);
  EXPECT_EQ(headline_of(report).find("interrupted in phase publish after "), 0U);
}

TEST_F(CanaryRun, that_is_interrupted_judges_nobody_for_what_is_not_visible_yet) {
  const StandInBridge bridge(broker_);
  ShowsList cloud(observations_, {});
  cloud_ = &cloud;
  auto clients = fleet();
  RunSettings settings = fifty_clients();
  settings.load.publish = seconds(60);
  on_progress_ = [this](const Progress& progress) {
    if (progress.tally->confirmed > 0) stop_.request_stop();
  };
  const RunResult result = run(settings, clients);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.tally.not_visible, std::nullopt);
  EXPECT_EQ(report_of(settings, result).verdict.part, Part::kNone);
}

TEST_F(CanaryRun, that_is_interrupted_while_it_leaves_says_goodbye_for_everybody) {
  const StandInBridge bridge(broker_);
  auto clients = fleet();
  StopsLeaving stopping(clients, stop_);
  const RunResult result = run(fifty_clients(), stopping);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.tally.left, kClients);
  EXPECT_EQ(result.tally.forced, 0);
  const auto phases = phases_in(result);
  EXPECT_EQ(std::count(phases.begin(), phases.end(), "leave cut"), 1);
}

}  // namespace
}  // namespace dmp::canary
