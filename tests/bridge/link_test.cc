#include "bridge/core/link.h"

#include <chrono>

#include <gtest/gtest.h>

#include "bridge/core/valve.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;

const SteadyTime kStart{std::chrono::hours(1)};

TEST(Link, connects_at_once_and_leaves_when_not_wanted) {
  Link link(1);
  EXPECT_EQ(link.decide(true, kStart), Link::Action::kConnect);
  EXPECT_EQ(link.decide(true, kStart), Link::Action::kNone) << "already connecting";
  EXPECT_EQ(link.decide(false, kStart), Link::Action::kNone) << "cannot leave yet";
  EXPECT_FALSE(link.connected(false));
  EXPECT_EQ(link.decide(true, kStart), Link::Action::kNone);
  EXPECT_EQ(link.decide(false, kStart), Link::Action::kDisconnect);
  EXPECT_EQ(link.decide(false, kStart), Link::Action::kNone);
  link.ended(kStart);
  EXPECT_EQ(link.state(), Link::State::kDown);
}

TEST(Link, waits_between_attempts_a_fifth_of_a_second_to_two_seconds) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Link link(seed);
    SteadyTime now = kStart;
    for (int failures = 0; failures < 10; ++failures) {
      ASSERT_EQ(link.decide(true, now), Link::Action::kConnect);
      link.ended(now);
      const auto delay = link.next_attempt() - now;
      EXPECT_GE(delay, milliseconds(200)) << "seed " << seed;
      EXPECT_LE(delay, milliseconds(2000)) << "seed " << seed;
      EXPECT_EQ(link.decide(true, link.next_attempt() - milliseconds(1)), Link::Action::kNone);
      now = link.next_attempt();
    }
  }
}

TEST(Link, calls_a_session_lost_only_when_it_had_one_before) {
  Link link(1);
  SteadyTime now = kStart;
  const auto reconnect = [&](bool session_present) {
    now = std::max(now, link.next_attempt());
    EXPECT_EQ(link.decide(true, now), Link::Action::kConnect);
    const bool lost = link.connected(session_present);
    link.ended(now);
    return lost;
  };
  EXPECT_FALSE(reconnect(false)) << "the very first connection has none";
  EXPECT_FALSE(reconnect(true));
  EXPECT_TRUE(reconnect(false));
}

using Position = Valve::Position;

constexpr WaterMarks kMarks{
    .high_bytes = 100, .low_bytes = 50, .high_messages = 10, .low_messages = 5};

TEST(Valve, holds_at_high_water_and_opens_only_at_low_water) {
  Valve valve(kMarks);
  const SteadyTime now{};
  EXPECT_EQ(valve.update(99, 9, now), Position::kOpen);
  EXPECT_EQ(valve.update(100, 1, now), Position::kHolding);
  EXPECT_EQ(valve.update(51, 1, now), Position::kHolding);
  EXPECT_EQ(valve.update(50, 1, now), Position::kOpen);
  EXPECT_EQ(valve.update(1, 10, now), Position::kHolding);
  EXPECT_EQ(valve.update(1, 6, now), Position::kHolding);
  EXPECT_EQ(valve.update(1, 5, now), Position::kOpen);
}

TEST(Valve, closes_only_when_holding_did_not_help_in_time) {
  Valve valve(kMarks);
  SteadyTime now{};
  EXPECT_EQ(valve.closes_at(), std::nullopt);
  valve.update(100, 1, now);
  ASSERT_EQ(valve.closes_at(), now + Valve::kHoldMax);
  now += Valve::kHoldMax - std::chrono::milliseconds(1);
  EXPECT_EQ(valve.update(100, 1, now), Position::kHolding);
  now += std::chrono::milliseconds(1);
  EXPECT_EQ(valve.update(51, 1, now), Position::kClosed);
  EXPECT_EQ(valve.closes_at(), std::nullopt);
  EXPECT_EQ(valve.update(51, 1, now + Valve::kHoldMax), Position::kClosed);
  EXPECT_EQ(valve.update(50, 1, now + Valve::kHoldMax), Position::kOpen);
  EXPECT_EQ(valve.update(100, 1, now + Valve::kHoldMax), Position::kHolding) << "for as long again";
  EXPECT_EQ(valve.update(100, 1, now + Valve::kHoldMax), Position::kHolding);
}

}  // namespace
}  // namespace dmp::bridge
