#include "canary/last_run.h"

#include <cmath>

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

class LastRunTest : public testing::Test {
 protected:
  double figure_of(const std::string& name) {
    return metrics_
        .gauge("dmp_canary_figure", "Figures of the last run, named as in its report; NaN: none",
               {{"name", name}})
        .value();
  }
  double value(const std::string& name) {
    const std::string text = metrics_.text();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? std::nan("") : std::stod(text.substr(at + name.size() + 2));
  }

  Metrics metrics_;
  LastRun last_{metrics_};
};

TEST_F(LastRunTest, forgets_what_a_later_run_did_not_find_out) {
  Report report;
  report.figures = {{"connected", 1}, {"puback_p99_ms", 4}, {"lost", 0}};
  last_.made(report);
  last_.ended(kPassed, 1'000'000);
  EXPECT_EQ(figure_of("puback_p99_ms"), 4);
  report.figures = {{"connected", 1}, {"lost", 7}};
  report.verdict.part = Part::kBridge;
  last_.made(report);
  last_.ended(kBreached, 2'000'000);
  EXPECT_TRUE(std::isnan(figure_of("puback_p99_ms")));
  EXPECT_EQ(figure_of("lost"), 7);
  EXPECT_EQ(value("dmp_canary_exit_code"), kBreached);
  EXPECT_EQ(value("dmp_canary_limited_by{part=\"bridge\"}"), 1);
  EXPECT_EQ(value("dmp_canary_limited_by{part=\"none\"}"), 0);
}

TEST_F(LastRunTest, is_counted_by_how_it_ended_from_the_start) {
  EXPECT_EQ(value("dmp_canary_runs_total{exit_code=\"99\"}"), 0);
  last_.not_made();
  last_.ended(kBreached, 1);
  last_.not_made();
  last_.ended(kBreached, 2);
  EXPECT_EQ(value("dmp_canary_runs_total{exit_code=\"99\"}"), 2);
  EXPECT_EQ(value("dmp_canary_runs_total{exit_code=\"0\"}"), 0);
}

TEST_F(LastRunTest, in_which_nobody_connected_blames_nothing_and_did_not_hold) {
  Report report;
  report.figures = {{"connected", 0}};
  last_.made(report);
  EXPECT_EQ(value("dmp_canary_limited_by{part=\"none\"}"), 0);
  EXPECT_EQ(value("dmp_canary_limited_by{part=\"broker\"}"), 0);
}

TEST_F(LastRunTest, that_could_not_be_made_leaves_no_success_behind) {
  Report report;
  report.figures = {{"connected", 1}, {"lost", 0}};
  last_.made(report);
  last_.ended(kPassed, 1'000'000);
  EXPECT_EQ(value("dmp_canary_exit_code"), kPassed);
  last_.not_made();
  last_.ended(kUsage, 9'000'000);
  EXPECT_TRUE(std::isnan(figure_of("lost")));
  EXPECT_EQ(value("dmp_canary_limited_by{part=\"none\"}"), 0);
  EXPECT_EQ(value("dmp_canary_exit_code"), kUsage);
  EXPECT_EQ(value("dmp_canary_last_run_seconds"), 9);
}

}  // namespace
}  // namespace dmp::canary
