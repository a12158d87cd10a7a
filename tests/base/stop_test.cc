// The bound of every program's stop.
#include "base/stop.h"

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/log.h"

namespace dmp {
namespace {

constexpr std::chrono::milliseconds kSoon{300};

template <class Ask>
[[noreturn]] void hang_after(Ask&& ask, std::chrono::milliseconds end_within) {
  log_start("stop_test");
  Stop stop(end_within);
  stop.run();
  ask(stop);
  for (;;) pause();
}

TEST(StopDeathTest, a_program_that_hangs_after_a_stop_request_ends_itself_and_says_so) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(hang_after([](Stop&) { kill(getpid(), SIGTERM); }, kSoon),
              testing::ExitedWithCode(Stop::kOverdue), "stop_overdue");
}

TEST(StopDeathTest, so_does_one_that_was_asked_to_stop_without_a_signal) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(hang_after([](Stop& stop) { stop.request(); }, kSoon),
              testing::ExitedWithCode(Stop::kOverdue), "stop_overdue");
}

[[noreturn]] void end_when_stopped() {
  std::signal(SIGHUP, SIG_DFL);  // whoever runs the tests may have been told to outlive his own
  Stop stop;
  stop.run();
  kill(getpid(), SIGHUP);
  const bool stopped = stopped_within(stop.token(), std::chrono::seconds(60));
  _exit(stopped ? 0 : 1);
}

TEST(StopDeathTest, a_terminal_that_is_gone_stops_it_as_well) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(end_when_stopped(), testing::ExitedWithCode(0), "");
}

[[noreturn]] void go_on_without_terminal() {
  std::signal(SIGHUP, SIG_IGN);
  Stop stop;
  stop.run();
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGTERM);
  const bool stopped = stopped_within(stop.token(), std::chrono::seconds(60));
  _exit(stopped ? 0 : 1);
}

TEST(StopDeathTest, unless_it_was_told_to_outlive_its_terminal) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(go_on_without_terminal(), testing::ExitedWithCode(0), "");
}

TEST(StopDeathTest, a_second_signal_ends_it_at_once) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(hang_after(
                  [](Stop& stop) {
                    kill(getpid(), SIGTERM);
                    while (!stop.token().stop_requested()) std::this_thread::yield();
                    kill(getpid(), SIGINT);
                  },
                  Stop::kEndWithin),
              testing::ExitedWithCode(128 + SIGINT), "stop_requested");
}

}  // namespace
}  // namespace dmp
