#include "canary/core/preflight.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

constexpr Machine kPlenty{
    .descriptors_most = 20'000, .ports = 28'232, .ports_busy = 100, .backlog_most = 4096};

TEST(Preflight, lets_a_machine_pass_that_can_carry_the_run) {
  const Preflight found = check_machine(kPlenty, {});
  EXPECT_TRUE(found.status);
  EXPECT_TRUE(found.warnings.empty());
}

TEST(Preflight, names_what_is_too_small_and_the_way_out) {
  Machine few_files = kPlenty;
  few_files.descriptors_most = 9063;
  Machine few_ports = kPlenty;
  few_ports.ports_busy = 27'000;
  struct Case {
    Machine machine;
    const char* says;
  };
  const Case cases[] = {{few_files, "3000 need 9064 file descriptors, 9063 is the limit; raise it"},
                        {few_ports, "1232 of 28232 are free; wait a minute"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.says);
    const Preflight found = check_machine(c.machine, {});
    ASSERT_FALSE(found.status);
    EXPECT_NE(found.status.error().message.find(c.says), std::string::npos)
        << found.status.error().message;
  }
}

TEST(Preflight, does_not_judge_what_the_machine_does_not_tell) {
  EXPECT_TRUE(check_machine({}, {}).status);
}

TEST(Preflight, warns_of_what_will_show_in_the_figures) {
  Load storm;
  storm.storm = true;
  EXPECT_EQ(check_machine(kPlenty, storm).warnings.size(), 1U);
  Load few;
  few.clients = 100;
  few.rate = 20'000;
  EXPECT_EQ(check_machine(kPlenty, few).warnings.size(), 1U);
}

}  // namespace
}  // namespace dmp::canary
