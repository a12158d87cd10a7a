#include "ctl/core/comparison.h"

#include <gtest/gtest.h>

#include "ctl/core/verdict.h"
#include "tests/ctl/records.h"

namespace dmp::ctl {
namespace {

using Showing = CloudSession::Showing;

struct Sides {
  AgentRecord agent{kRae, {{kSession, facets_at(10, "Ultra")}}, 0};
  CloudRecord cloud{{kSession, {facets_at(10, "Ultra"), Showing::kShown}}};

  [[nodiscard]] std::vector<Difference> differences() const { return compare(agent, cloud); }
};

TEST(Comparison, finds_nothing_where_nothing_differs) {
  const Sides sides;
  EXPECT_TRUE(sides.differences().empty());
  EXPECT_EQ(count_facets(sides.agent), 2);
}

TEST(Comparison, does_not_compare_when_something_was_last_seen) {
  Sides sides;
  sides.agent.sessions[kSession].presence->observed_at = {99};
  EXPECT_TRUE(sides.differences().empty());
}

TEST(Comparison, calls_lost_what_the_cloud_has_older_or_not_at_all) {
  Sides sides;
  sides.cloud[kSession].facets.identity = facets_at(9, "Stick").identity;
  auto found = sides.differences();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::kLost);
  EXPECT_EQ(found[0].facet, "identity");
  EXPECT_EQ(found[0].agent_at.us, 10);
  EXPECT_EQ(found[0].cloud_at.us, 9);
  ASSERT_EQ(found[0].fields.size(), 1U);
  EXPECT_EQ(found[0].fields[0], (FieldDifference{"model", "Ultra", "Stick"}));

  sides.cloud.clear();
  found = sides.differences();
  ASSERT_EQ(found.size(), 2U);
  for (const Difference& each : found) EXPECT_EQ(each.kind, Kind::kLost) << each.facet;
}

TEST(Comparison, calls_stale_what_no_message_of_that_stamp_will_mend) {
  for (const std::int64_t stamp : {10, 11}) {
    Sides sides;
    sides.cloud[kSession].facets.identity = facets_at(stamp, "Stick").identity;
    const auto found = sides.differences();
    ASSERT_EQ(found.size(), 1U) << stamp;
    EXPECT_EQ(found[0].kind, Kind::kStale) << stamp;
  }
}

TEST(Comparison, calls_phantom_what_the_cloud_shows_and_the_agent_does_not_have) {
  Sides sides;
  sides.cloud[kOther] = {facets_at(5, "Ghost"), Showing::kShown};
  const auto found = sides.differences();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::kPhantom);
  EXPECT_EQ(found[0].session, kOther);
  sides.cloud[kOther].showing = Showing::kEnded;
  EXPECT_TRUE(sides.differences().empty()) << "nobody sees it";
}

TEST(Comparison, calls_lost_a_session_the_cloud_hides_and_says_why) {
  for (const auto& [showing, reason] :
       {std::pair(Showing::kEnded, "ended"), std::pair(Showing::kNotInRoster, "roster"),
        std::pair(Showing::kNotNamed, "device_id")}) {
    Sides sides;
    sides.cloud[kSession].showing = showing;
    const auto found = sides.differences();
    ASSERT_EQ(found.size(), 1U) << reason;
    EXPECT_EQ(found[0].kind, Kind::kLost);
    EXPECT_NE(found[0].note.find(reason), std::string::npos) << found[0].note;
  }
  Sides unnamed;
  unnamed.agent.sessions[kSession].identity.reset();
  unnamed.cloud[kSession].facets.identity.reset();
  unnamed.cloud[kSession].showing = Showing::kNotNamed;
  EXPECT_TRUE(unnamed.differences().empty()) << "a device nobody could name yet need not be shown";
}

TEST(Verdict, counts_every_kind_and_shows_the_first_rows) {
  Sides sides;
  sides.agent.unconfirmed = 3;
  sides.cloud[kSession].facets.identity = facets_at(9, "Stick").identity;
  sides.cloud[kSession].facets.presence->fields.status = PresenceStatus::kOffline;
  sides.cloud[kOther] = {facets_at(5, "Ghost"), Showing::kShown};
  Verdict verdict;
  verdict.add("agent.db", sides.agent, sides.cloud, 2);
  EXPECT_FALSE(verdict.is_equal());
  EXPECT_EQ(verdict.counts().lost, 1);
  EXPECT_EQ(verdict.counts().stale, 1);
  EXPECT_EQ(verdict.counts().phantom, 1);
  EXPECT_EQ(verdict.shown.size(), 2U);
  const std::string text = text_of(verdict);
  for (const std::string part :
       {"different: lost 1, stale 1, phantom 1 of 2 facets of 1 sessions of 1 agents",
        "3 changes not confirmed yet", "model 'Ultra', 'Stick'", "and 1 more"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Verdict, says_equal_when_all_agents_are) {
  const Sides sides;
  Verdict verdict;
  verdict.add("a.db", sides.agent, sides.cloud, 10);
  verdict.add("b.db", sides.agent, sides.cloud, 10);
  EXPECT_TRUE(verdict.is_equal());
  EXPECT_TRUE(text_of(verdict).starts_with("equal: lost 0, stale 0, phantom 0 of 4 facets"));
}

}  // namespace
}  // namespace dmp::ctl
