#include "registry/api/past/timeline.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::registry::api {
namespace {

PastEvent presence(std::int64_t at, PresenceStatus status, const std::string& reason = "") {
  PastEvent event{.received_at_us = at};
  event.facets.presence.emplace();
  event.facets.presence->fields.status = status;
  event.facets.presence->fields.reason = reason;
  return event;
}

PastEvent usage(std::int64_t at, UsageState state, const std::string& holder = "") {
  PastEvent event{.received_at_us = at};
  event.facets.usage.emplace();
  event.facets.usage->fields.state = state;
  event.facets.usage->fields.holder = holder;
  return event;
}

constexpr auto kOnline = PresenceStatus::kOnline;
constexpr auto kOffline = PresenceStatus::kOffline;

TEST(Timeline, bars_last_until_the_next_event_or_the_end_of_the_window) {
  const auto bars = bars_of({presence(10, kOnline), usage(12, UsageState::kInTest, "run 7"),
                             presence(20, kOffline, "no_answer")},
                            5, 30);
  EXPECT_EQ(bars.presence,
            (std::vector<Bar>{{10, 20, "online", ""}, {20, 30, "offline", "no_answer"}}));
  EXPECT_EQ(bars.usage, (std::vector<Bar>{{12, 30, "in_test", "run 7"}}));
}

TEST(Timeline, a_bar_that_began_before_the_window_begins_with_it) {
  EXPECT_EQ(bars_of({presence(10, kOnline), presence(50, kOffline)}, 20, 40).presence,
            (std::vector<Bar>{{20, 40, "online", ""}}));
}

TEST(Timeline, equal_neighbours_are_one_bar) {
  EXPECT_EQ(bars_of({presence(10, kOnline), presence(20, kOnline)}, 0, 30).presence,
            (std::vector<Bar>{{10, 30, "online", ""}}));
}

TEST(Timeline, bars_end_with_their_session) {
  PastEvent end{.received_at_us = 20, .ended = true};
  EXPECT_EQ(bars_of({presence(10, kOnline), end}, 0, 30).presence,
            (std::vector<Bar>{{10, 20, "online", ""}}));
}

TEST(Timeline, a_late_event_stands_before_what_was_said_after_it) {
  // Said between the others, received long after them.
  EXPECT_EQ(
      bars_of({presence(10, kOnline), presence(90, kOffline), presence(20, kOnline, "back")}, 0, 30)
          .presence,
      (std::vector<Bar>{{10, 20, "online", ""}, {20, 30, "online", "back"}}));
}

TEST(Timeline, bars_never_overlap_and_stay_in_the_window) {
  EXPECT_TRUE(rc::check("ordered", [](const std::vector<std::pair<std::uint8_t, bool>>& said) {
    std::vector<PastEvent> events;
    for (const auto& [at, online] : said) {
      events.push_back(presence(at, online ? kOnline : kOffline));
    }
    std::int64_t last = 50;
    for (const Bar& bar : bars_of(events, 50, 200).presence) {
      RC_ASSERT(bar.from_us >= last);
      RC_ASSERT(bar.from_us < bar.to_us);
      last = bar.to_us;
    }
    RC_ASSERT(last <= 200);
  }));
}

}  // namespace
}  // namespace dmp::registry::api
