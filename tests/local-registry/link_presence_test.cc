#include "local-registry/core/link_presence.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::local {
namespace {

using State = LinkPresence::State;
using std::chrono::milliseconds;

const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

struct Step {
  int at_ms;
  char what;  // h: hit, m: miss, c: cable out, d: doubt
};

State after(const std::vector<Step>& steps) {
  LinkPresence presence;
  for (const Step& step : steps) {
    if (step.what == 'h') presence.hit();
    if (step.what == 'm') presence.miss(kStart + milliseconds(step.at_ms));
    if (step.what == 'c') presence.cable_out();
    if (step.what == 'd') presence.doubt();
  }
  return presence.state();
}

TEST(LinkPresence, goes_down_by_two_misses_within_the_window) {
  const struct {
    const char* name;
    std::vector<Step> steps;
    State expected;
  } cases[] = {
      {"nothing", {}, State::kUnproven},
      {"one hit", {{0, 'h'}}, State::kUp},
      {"one miss", {{0, 'h'}, {1000, 'm'}}, State::kUp},
      {"two misses", {{0, 'h'}, {1000, 'm'}, {2000, 'm'}}, State::kDown},
      {"an echo is no second miss", {{0, 'h'}, {1000, 'm'}, {1300, 'm'}}, State::kUp},
      {"too far apart", {{0, 'h'}, {1000, 'm'}, {17000, 'm'}}, State::kUp},
      {"far apart, then close", {{0, 'h'}, {0, 'm'}, {17000, 'm'}, {18000, 'm'}}, State::kDown},
      {"a hit between", {{0, 'm'}, {500, 'h'}, {1000, 'm'}}, State::kUp},
      {"back", {{0, 'm'}, {1000, 'm'}, {2000, 'h'}}, State::kUp},
      {"cable out", {{0, 'h'}, {1, 'c'}}, State::kDown},
      {"doubt", {{0, 'h'}, {1, 'd'}}, State::kUnproven},
      {"never seen and missed", {{0, 'm'}, {1000, 'm'}}, State::kDown},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(after(each.steps), each.expected);
  }
}

TEST(LinkPresence, says_why_it_is_down) {
  LinkPresence presence;
  presence.cable_out();
  EXPECT_EQ(presence.reason(), "link_down");
  presence.hit();
  presence.miss(kStart);
  presence.miss(kStart + milliseconds(1000));
  EXPECT_EQ(presence.reason(), "no_answer");
}

TEST(LinkPresence, never_goes_down_by_a_single_miss_after_a_hit) {
  EXPECT_TRUE(rc::check([] {
    LinkPresence presence;
    SteadyTime now = kStart;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5000))) {
      now += milliseconds(step);
      if (step % 2 == 0) presence.miss(now);
      presence.hit();
      RC_ASSERT(presence.state() == State::kUp);
      presence.miss(now);
      RC_ASSERT(presence.state() == State::kUp);
    }
  }));
}

}  // namespace
}  // namespace dmp::local
