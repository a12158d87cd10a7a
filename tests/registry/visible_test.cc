// What the view shows of the rows that ingest writes: visibility, doubts, identity.
#include <chrono>

#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::Rows;

class Visible : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    now_us_ =
        std::stoll(database_.cell("SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT)"));
    online(now_us_);
    bridge_beats(now_us_);
    Facets facets;
    facets.identity = identity_at(now_us_, 1, "Ultra");
    facets.presence = presence_at(now_us_, PresenceStatus::kOnline);
    Facet<Onboarding> onboarding;
    onboarding.timestamp = {now_us_};
    onboarding.fields.state = OnboardingState::kActive;
    facets.onboarding = onboarding;
    write({news_of(rae_, 1, change_at(now_us_ + 10, facets))});
    roster(now_us_ + 11, {1});
  }

  void online(std::int64_t stamp, std::int64_t heard_ago_us = 0) {
    write({PresenceNews{
        rae_, {{stamp}, AgentStatus::kOnline, "1"}, {now_us_ - heard_ago_us}, "bridge-1"}});
  }
  void bridge_beats(std::int64_t at_us) { write({HeartbeatNews{{{at_us}, "bridge-1"}}}); }
  void roster(std::int64_t stamp, const std::vector<int>& sessions) {
    Roster roster{{stamp}, {}};
    for (const int session : sessions) roster.sessions.push_back(session_number(session));
    write({RosterNews{rae_, roster}});
  }

  [[nodiscard]] Rows shown() const {
    return database_.rows("SELECT shown_status, shown_reason FROM session_view");
  }

  std::int64_t now_us_ = 0;
};

TEST_F(Visible, a_live_session_is_shown_as_it_is) {
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
  EXPECT_EQ(database_.cell("SELECT cardinality(blockers) FROM session_view"), "0");
}

TEST_F(Visible, a_stopped_agent_makes_its_devices_unknown_and_not_offline) {
  write({PresenceNews{rae_, {{now_us_ + 20}, AgentStatus::kOffline, "1"}, {now_us_}, "bridge-1"}});
  EXPECT_EQ(shown(), (Rows{{"unknown", "rae_lost"}}));
  online(now_us_ + 30);
  EXPECT_EQ(shown(), (Rows{{"unknown", "not_confirmed"}})) << "until the agent names it again";
  roster(now_us_ + 31, {1});
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
}

TEST_F(Visible, a_will_of_an_older_connection_changes_nothing) {
  online(now_us_ + 30);
  roster(now_us_ + 31, {1});
  write({PresenceNews{rae_, {{now_us_ + 1}, AgentStatus::kOffline, "1"}, {now_us_}, "bridge-1"}});
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
}

TEST_F(Visible, a_rae_that_says_nothing_for_three_minutes_is_silent_until_it_repeats_itself) {
  database_.execute("UPDATE rae SET last_heard_at = last_heard_at - 181000000");
  EXPECT_EQ(shown(), (Rows{{"unknown", "rae_silent"}}));
  online(now_us_);  // the same presence, heard now
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
}

TEST_F(Visible, a_bridge_without_a_heartbeat_for_90_s_makes_its_raes_devices_unknown) {
  database_.execute("UPDATE bridge SET sent_at = sent_at - 91000000");
  EXPECT_EQ(shown(), (Rows{{"unknown", "bridge_silent"}}));
  bridge_beats(now_us_ + 1);
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
}

TEST_F(Visible, a_registry_that_is_behind_doubts_everything) {
  ASSERT_TRUE(store_.beat({{"dmp.device-updates", 0, 60'001}}));
  EXPECT_EQ(shown(), (Rows{{"unknown", "registry_behind"}}));
  ASSERT_TRUE(store_.beat({{"dmp.device-updates", 0, 59'000}}));
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
  database_.execute("UPDATE ingest SET beat_at = beat_at - INTERVAL '61 seconds'");
  EXPECT_EQ(shown(), (Rows{{"unknown", "registry_behind"}}));
}

TEST_F(Visible, a_session_the_roster_does_not_name_is_gone_until_it_is_heard_of_again) {
  roster(now_us_ + 20, {});
  EXPECT_EQ(shown(), Rows{});
  write({news_of(rae_, 1, change_at(now_us_ + 21, {}))});
  EXPECT_EQ(shown(), (Rows{{"online", ""}}));
}

TEST_F(Visible, a_late_update_does_not_bring_a_session_back) {
  roster(now_us_ + 20, {});
  write({news_of(rae_, 1, change_at(now_us_ + 19, {}))});
  EXPECT_EQ(shown(), Rows{});
}

TEST_F(Visible, an_ended_session_is_gone_for_good) {
  write({news_of(rae_, 1, ended_at(now_us_ + 20, "removed"))});
  EXPECT_EQ(shown(), Rows{});
  Facets facets;
  facets.presence = presence_at(now_us_ + 30, PresenceStatus::kOnline);
  write({news_of(rae_, 1, change_at(now_us_ + 31, facets))});
  roster(now_us_ + 32, {1});
  EXPECT_EQ(shown(), Rows{});
}

TEST_F(Visible, a_session_known_only_by_its_stamp_is_not_listed) {
  write({news_of(rae_, 2, change_at(now_us_ + 20, {}))});
  roster(now_us_ + 21, {1, 2, 3});
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_state"), "3");
  EXPECT_EQ(shown().size(), 1U);
}

}  // namespace
}  // namespace dmp::registry
