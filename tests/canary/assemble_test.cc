#include "canary/assemble.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;

Report report_with(std::optional<Witness> probe) {
  Surroundings around;
  around.probe = std::move(probe);
  return assemble({}, {}, around, {}, {});
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

}  // namespace
}  // namespace dmp::canary
