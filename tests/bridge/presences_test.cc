#include "bridge/core/presences.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace dmp::bridge {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;

RaeSerial rae(const std::string& serial) { return *RaeSerial::parse(serial); }

AgentPresence presence(std::int64_t timestamp, AgentStatus status) {
  return {{timestamp}, status, ""};
}

TEST(Presences, know_nothing_of_a_rae_that_never_said_anything) {
  const Presences presences;
  EXPECT_FALSE(presences.is_away(rae("rae-1")));
}

TEST(Presences, go_by_the_newest_stamp_in_whatever_order_they_come) {
  const std::vector<AgentPresence> said = {
      presence(10, AgentStatus::kOnline), presence(11, AgentStatus::kOffline),
      presence(20, AgentStatus::kOnline), presence(21, AgentStatus::kOffline)};
  std::mt19937 random(1);
  for (std::size_t count = 1; count <= said.size(); ++count) {
    for (int i = 0; i < 20; ++i) {
      std::vector<AgentPresence> heard(said.begin(), said.begin() + static_cast<int>(count));
      std::shuffle(heard.begin(), heard.end(), random);
      Presences presences;
      for (const AgentPresence& each : heard) presences.hear(rae("rae-1"), each, kNow);
      EXPECT_EQ(presences.is_away(rae("rae-1")), count % 2 == 0) << count << " heard";
    }
  }
}

TEST(Presences, take_a_word_they_do_not_know_for_being_there) {
  Presences presences;
  presences.hear(rae("rae-1"), presence(1, AgentStatus::kOffline), kNow);
  presences.hear(rae("rae-1"), presence(2, AgentStatus::kUnknown), kNow);
  EXPECT_FALSE(presences.is_away(rae("rae-1")));
}

TEST(Presences, forget_the_rae_they_have_not_heard_of_for_longest_when_there_are_too_many) {
  Presences presences;
  presences.hear(rae("first"), presence(1, AgentStatus::kOffline), kNow);
  presences.hear(rae("second"), presence(1, AgentStatus::kOffline), kNow);
  for (std::size_t i = 2; i < Presences::kRaesMax; ++i) {
    presences.hear(rae("rae-" + std::to_string(i)), presence(1, AgentStatus::kOnline), kNow);
  }
  presences.hear(rae("first"), presence(1, AgentStatus::kOffline), kNow);
  presences.hear(rae("one-more"), presence(1, AgentStatus::kOnline), kNow);
  EXPECT_EQ(presences.known(), Presences::kRaesMax);
  EXPECT_EQ(presences.forgotten(), 1U);
  EXPECT_TRUE(presences.is_away(rae("first")));
  EXPECT_FALSE(presences.is_away(rae("second")));
}

TEST(Presences, do_not_believe_a_clock_that_is_far_ahead) {
  const std::int64_t hour_us = Presences::kAheadMax.count();
  Presences presences;
  presences.hear(rae("rae-1"), presence(kNow + hour_us + 1, AgentStatus::kOffline), kNow);
  EXPECT_FALSE(presences.is_away(rae("rae-1")));
  presences.hear(rae("rae-1"), presence(kNow + hour_us, AgentStatus::kOffline), kNow);
  EXPECT_TRUE(presences.is_away(rae("rae-1")));
}

TEST(Presences, keep_no_canaries) {
  Presences presences;
  presences.hear(rae("canary-1-7"), presence(1, AgentStatus::kOffline), kNow);
  EXPECT_EQ(presences.known(), 0U);
}

}  // namespace
}  // namespace dmp::bridge
