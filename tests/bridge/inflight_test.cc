#include "bridge/core/inflight.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::bridge {
namespace {

// Sends all that may be sent; their sequences.
std::vector<std::uint64_t> send_all(Inflight& inflight, SteadyTime now = {}) {
  std::vector<std::uint64_t> sent;
  while (const auto next = inflight.next()) {
    inflight.sent(*next, now);
    sent.push_back(*next);
  }
  return sent;
}

void add(Inflight& inflight, int count) {
  for (int i = 0; i < count; ++i) inflight.add({});
}

using Sequences = std::vector<std::uint64_t>;

TEST(Inflight, frees_only_the_finished_prefix) {
  Inflight inflight;
  add(inflight, 3);
  EXPECT_EQ(send_all(inflight), (Sequences{0, 1, 2}));
  EXPECT_EQ(inflight.finish(1), 0U);
  EXPECT_EQ(inflight.finish(2), 0U);
  EXPECT_EQ(inflight.finish(0), 3U);
}

TEST(Inflight, tells_when_the_oldest_was_first_sent_however_often_it_came_back) {
  constexpr SteadyTime kFirst{std::chrono::hours(1)};
  constexpr SteadyTime kSecond = kFirst + std::chrono::seconds(1);
  Inflight inflight;
  EXPECT_EQ(inflight.owed_since(), std::nullopt) << "there is none";
  add(inflight, 1);
  EXPECT_EQ(inflight.owed_since(), std::nullopt) << "it was never sent";
  send_all(inflight, kFirst);
  add(inflight, 2);
  send_all(inflight, kSecond);
  inflight.finish(2);
  EXPECT_EQ(inflight.owed_since(), kFirst);
  inflight.isolate(0);
  EXPECT_EQ(inflight.owed_since(), kFirst) << "it waits again";
  inflight.lose_all();
  EXPECT_EQ(inflight.owed_since(), kFirst) << "the sink was rebuilt";
  send_all(inflight, kSecond + std::chrono::seconds(1));
  inflight.finish(0);
  EXPECT_EQ(inflight.owed_since(), kSecond);
}

TEST(Inflight, grows_with_messages_in_the_middle_of_it) {
  constexpr int kBefore = 200;
  constexpr int kMore = 2000;
  Inflight inflight;
  add(inflight, kBefore);
  for (const std::uint64_t sequence : send_all(inflight)) inflight.finish(sequence);
  for (int i = 0; i < kMore; ++i) {
    Ticket ticket;
    ticket.received_at = i;
    inflight.add(std::move(ticket));
  }
  for (int i = 0; i < kMore; ++i) {
    EXPECT_EQ(inflight.at(static_cast<std::uint64_t>(kBefore + i)).received_at, i);
  }
  EXPECT_EQ(send_all(inflight).size(), static_cast<std::size_t>(kMore));
}

TEST(Inflight, sends_again_in_order_what_a_sink_lost_before_anything_new) {
  Inflight inflight;
  add(inflight, 4);
  send_all(inflight);
  EXPECT_EQ(inflight.finish(1), 0U);
  inflight.lose_all();
  EXPECT_FALSE(inflight.may_take());
  EXPECT_EQ(inflight.on_their_way(), 0U);
  EXPECT_EQ(send_all(inflight), (Sequences{0, 2, 3}));
  EXPECT_TRUE(inflight.may_take());
}

TEST(Inflight, sends_an_isolated_message_with_nothing_else_on_its_way) {
  Inflight inflight;
  add(inflight, 3);
  send_all(inflight);
  inflight.isolate(1);
  EXPECT_EQ(send_all(inflight), Sequences{}) << "0 and 2 are still out";
  inflight.finish(0);
  inflight.finish(2);
  EXPECT_EQ(send_all(inflight), (Sequences{1}));
  add(inflight, 1);
  EXPECT_FALSE(inflight.may_take());
  EXPECT_EQ(send_all(inflight), Sequences{}) << "1 travels alone";
  EXPECT_EQ(inflight.finish(1), 2U);
  EXPECT_EQ(send_all(inflight), (Sequences{3}));
}

TEST(Inflight, keeps_a_message_alone_when_it_is_sent_as_something_else) {
  Inflight inflight;
  add(inflight, 1);
  send_all(inflight);
  inflight.isolate(0);
  send_all(inflight);
  inflight.again(0);
  EXPECT_TRUE(inflight.is_alone(0));
  EXPECT_EQ(send_all(inflight), (Sequences{0}));
  EXPECT_EQ(inflight.finish(0), 1U);
}

// Whatever the sink does, every message is finished once, frees come in order, and after a loss
// nothing overtakes.
TEST(Inflight, finishes_everything_once_and_in_order_of_freeing) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& steps) {
    Inflight inflight;
    std::set<std::uint64_t> out;
    std::uint64_t added = 0;
    std::uint64_t freed = 0;
    const auto send = [&] {
      while (const auto next = inflight.next()) {
        if (inflight.is_alone(*next)) RC_ASSERT(out.empty());
        inflight.sent(*next, {});
        RC_ASSERT(out.insert(*next).second);
      }
    };
    const auto finish_one = [&](std::size_t pick) {
      if (out.empty()) return;
      auto at = out.begin();
      std::advance(at, pick % out.size());
      const std::uint64_t sequence = *at;
      out.erase(at);
      freed += inflight.finish(sequence);
      RC_ASSERT(out.empty() || freed <= *out.begin());
    };
    for (const std::uint8_t step : steps) {
      switch (step % 4) {
        case 0:
          if (inflight.may_take()) RC_ASSERT(inflight.add({}) == added++);
          send();
          break;
        case 1:
          finish_one(step / 4);
          break;
        case 2:
          inflight.lose_all();
          out.clear();
          break;
        default:
          if (out.empty()) break;
          inflight.isolate(*out.begin());
          out.erase(out.begin());
          break;
      }
    }
    for (std::uint64_t i = 0; i < added; ++i) {
      send();
      finish_one(i);
    }
    RC_ASSERT(freed == added);
    RC_ASSERT(inflight.unfinished() == 0U);
  }));
}

}  // namespace
}  // namespace dmp::bridge
