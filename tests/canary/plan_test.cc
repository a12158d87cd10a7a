#include "canary/core/plan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PhasePlan kTenInOneSecond{Phase::kPublish, 10, seconds(1), seconds(2)};

TEST(PhasePlan, spreads_its_events_evenly_however_many) {
  EXPECT_TRUE(rc::check("due", [] {
    const auto events = *rc::gen::inRange<std::int64_t>(1, 10'000'000);
    const auto over = *rc::gen::inRange<std::int64_t>(0, 3'600'000'000);
    const auto event = *rc::gen::inRange<std::int64_t>(0, events);
    const PhasePlan plan{Phase::kPublish, events, Micros(over), Micros(0)};
    const double exact =
        static_cast<double>(over) * static_cast<double>(event) / static_cast<double>(events);
    RC_ASSERT(std::abs(static_cast<double>(plan.due(event).count()) - exact) <= 1.01);
  }));
}

TEST(PhaseRun, gives_every_event_once_and_in_order_however_late_it_is_asked) {
  EXPECT_TRUE(rc::check("take_due", [] {
    const auto steps =
        *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 700'000));
    PhaseRun run(kTenInOneSecond);
    Micros now(0);
    std::int64_t expected = 0;
    for (const std::int64_t step : steps) {
      now += Micros(step);
      while (const auto event = run.take_due(now)) RC_ASSERT(*event == expected++);
      RC_ASSERT(expected == std::min<std::int64_t>(10, now / milliseconds(100) + 1));
    }
  }));
}

TEST(PhaseRun, ends_when_all_is_answered_but_not_before_its_time_and_at_its_deadline_anyway) {
  struct Case {
    const char* name;
    milliseconds now;
    std::int64_t answered;
    bool over;
  };
  constexpr Case kCases[] = {
      {"all answered early", milliseconds(950), 10, false},
      {"all answered", milliseconds(1000), 10, true},
      {"one is missing", milliseconds(2999), 9, false},
      {"one is missing at the deadline", milliseconds(3000), 9, true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    PhaseRun run(kTenInOneSecond);
    while (run.take_due(c.now)) continue;
    EXPECT_EQ(run.is_over(c.now, c.answered), c.over);
  }
}

TEST(PhaseRun, says_when_the_next_event_is_due) {
  PhaseRun run(kTenInOneSecond);
  EXPECT_EQ(run.next_due(), Micros(0));
  EXPECT_EQ(run.take_due(Micros(0)), 0);
  EXPECT_EQ(run.next_due(), milliseconds(100));
  while (run.take_due(seconds(1))) continue;
  EXPECT_EQ(run.next_due(), std::nullopt);
}

TEST(Phases, come_in_the_order_of_a_clients_life) {
  const auto phases = phases_of({});
  std::vector<std::string_view> names;
  for (const PhasePlan& plan : phases) names.push_back(name_of(plan.phase));
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"connect", "subscribe", "publish", "hold", "leave"}));
  EXPECT_EQ(phases[2].events, 300 * 30);
}

TEST(Phases, of_a_storm_connect_everybody_at_once) {
  Load load;
  load.storm = true;
  EXPECT_EQ(phases_of(load)[0].due(2999), Micros(0));
}

}  // namespace
}  // namespace dmp::canary
