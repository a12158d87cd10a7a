#include "canary/assemble.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;

Report report_with(std::optional<Witness> probe) {
  Surroundings around;
  around.probe = std::move(probe);
  RunResult result;
  result.tally.connected = 1;
  return assemble({}, result, around, {}, {});
}

TEST(Assemble, warns_of_a_witness_that_failed_or_said_nothing) {
  Witness silent;
  EXPECT_EQ(report_with(silent).warnings.size(), 1U);
  EXPECT_EQ(report_with(silent).figures.at("probe_puback_count"), 0);
  Witness faltering;
  faltering.puback.record(milliseconds(3));
  faltering.failures = 2;
  const Report report = report_with(faltering);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("failed 2 times and measured 1"), std::string::npos);
}

TEST(Assemble, warns_of_no_witness_that_did_well_or_was_not_asked_for) {
  Witness well;
  well.puback.record(milliseconds(3));
  EXPECT_TRUE(report_with(well).warnings.empty());
  EXPECT_TRUE(report_with(std::nullopt).warnings.empty());
  EXPECT_EQ(report_with(std::nullopt).figures.at("probe_puback_count"), 0);
}

TEST(Assemble, makes_of_the_verdict_a_figure_that_a_threshold_can_name) {
  const auto thresholds = {*Threshold::parse("limited>0")};
  RunResult result;
  result.tally.connected = 1;
  EXPECT_EQ(assemble({}, result, {}, {}, thresholds).exit_code, kPassed);
  result.tally.disconnected.add("gone");
  const Report report = assemble({}, result, {}, {}, thresholds);
  EXPECT_EQ(report.breaches, std::vector<std::string>{"limited>0: it was 1"});
  EXPECT_EQ(report.exit_code, kBreached);
}

TEST(Assemble, of_a_run_in_which_nobody_connected_judges_nobody) {
  RunSettings settings;
  settings.broker = "ssl://b:1";
  RunResult result;
  result.tally.refused.add({ConnectStep::kReach, "Connection refused"});
  Surroundings around;
  around.probe = Witness{{}, 1};
  const Report report = assemble(settings, result, around, {}, {});
  EXPECT_EQ(report.exit_code, kCannotConnect);
  EXPECT_EQ(headline_of(report).find("nobody could connect: ssl://b:1: Connection refused"), 0U);
  EXPECT_TRUE(report.verdict.evidence.empty());
  EXPECT_TRUE(report.warnings.empty()) << "a second witness would have seen nothing either";
}

TEST(Assemble, of_a_run_that_was_cut_tells_what_was_broken_by_then_and_that_nothing_was) {
  RunResult result;
  result.tally.connected = 1;
  result.interrupted = true;
  const auto thresholds = {*Threshold::parse("lost>0"), *Threshold::parse("visible.p99>1s")};
  Report report = assemble({}, result, {}, {}, thresholds);
  EXPECT_EQ(report.verdict.evidence,
            std::vector<std::string>{"until then every stage kept its budget"});
  EXPECT_TRUE(report.breaches.empty());
  result.tally.lost = 2;
  report = assemble({}, result, {}, {}, thresholds);
  EXPECT_EQ(report.breaches, std::vector<std::string>{"lost>0: it was 2"});
  EXPECT_EQ(report.exit_code, kInterrupted);
}

TEST(Assemble, of_a_run_that_was_stopped_before_it_began_has_no_figure_that_was_not_measured) {
  RunSettings settings;
  settings.load.clients = 7;
  const Report report = assemble_unbegun(settings, 0, {"slow"}, {}, {*Threshold::parse("lost>0")});
  for (const auto& [name, value] : report.figures) {
    EXPECT_TRUE(name == "clients" || name.starts_with("load_")) << name;
    EXPECT_NE(name, "load_average");
  }
  EXPECT_EQ(report.figures.at("clients"), 7);
  EXPECT_EQ(headline_of(report), "interrupted, nobody had connected");
  EXPECT_EQ(report.warnings, std::vector<std::string>{"slow"});
  EXPECT_TRUE(report.breaches.empty());
  EXPECT_EQ(report.exit_code, kInterrupted);
}

TEST(Assemble, tells_leaving_that_was_interrupted_in_one_line) {
  using std::chrono::seconds;
  RunResult result;
  result.tally.connected = 50;
  const PhasePlan leave{Phase::kLeave, 50, seconds(5), seconds(30)};
  result.phases = {{leave, seconds(10), seconds(2), true, 20, true},
                   {leave, seconds(12), seconds(1), true, 50, false}};
  const Report report = assemble({}, result, {}, {}, {});
  ASSERT_EQ(report.phases.size(), 1U);
  EXPECT_EQ(report.phases[0].took_s, 3);
  EXPECT_EQ(report.phases[0].begun, 50);
  EXPECT_TRUE(report.phases[0].cut);
}

}  // namespace
}  // namespace dmp::canary
