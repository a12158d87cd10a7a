#include "bridge/wake.h"

#include <thread>

#include <gtest/gtest.h>

namespace dmp::bridge {
namespace {

constexpr std::chrono::hours kNever{1};

void wait(Wake& wake) {
  const auto now = std::chrono::steady_clock::now();
  wake.wait_until(now + kNever, now);
}

TEST(Wake, a_notify_before_the_wait_ends_it) {
  Wake wake;
  wake.notify();
  wait(wake);
}

TEST(Wake, waits_for_nothing_when_its_time_has_come) {
  Wake wake;
  const auto now = std::chrono::steady_clock::now();
  for (const auto past : {now, now - kNever, SteadyTime::min()}) wake.wait_until(past, now);
  EXPECT_LT(std::chrono::steady_clock::now() - now, kNever);
}

TEST(Wake, ends_a_wait_at_most_once_in_its_rest_however_often_it_is_notified) {
  constexpr int kWaits = 20;
  constexpr std::chrono::microseconds kRest(2000);
  Wake wake;
  wake.set_rest(kRest);
  std::jthread notifier([&wake](const std::stop_token& stop) {
    while (!stop.stop_requested()) wake.notify();
  });
  wait(wake);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kWaits; ++i) wait(wake);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, (kWaits - 1) * kRest);
}

TEST(Wake, loses_no_notify_while_it_rests) {
  constexpr int kNotifies = 2000;
  Wake wake;
  wake.set_rest(std::chrono::microseconds(200));
  std::atomic<int> said = 0;
  std::jthread notifier([&] {
    for (int i = 0; i < kNotifies; ++i) {
      ++said;
      wake.notify();
    }
  });
  // Each wait ends by a notify whose count it has not seen: the last of them too.
  for (int seen = 0; seen < kNotifies;) {
    wait(wake);
    seen = said;
  }
}

}  // namespace
}  // namespace dmp::bridge
