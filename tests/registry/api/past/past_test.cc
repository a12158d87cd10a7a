#include "registry/api/past/past.h"

#include <gtest/gtest.h>

#include "tests/registry/messages.h"

namespace dmp::registry::api {
namespace {

using State = SessionThen::State;

SessionPast session_since(std::int64_t began_us, std::int64_t known_from_us) {
  SessionPast session;
  session.began_us = began_us;
  session.known_from_us = known_from_us;
  session.newest_stamp = 50;
  session.stored.software = software_at(40, "now");
  return session;
}

TEST(Past, is_what_was_said_last_until_then) {
  Moment moment{.stamp = 20};
  moment.said.software = software_at(20, "then");
  moment.said_last.software = software_at(40, "now");
  const SessionThen then = session_then(session_since(100, 100), moment, 150);
  EXPECT_EQ(then.state, State::kThere);
  EXPECT_EQ(then.facets.software->fields.firmware_version, "then");
  EXPECT_TRUE(then.unknown.empty());
}

TEST(Past, is_what_is_stored_if_nothing_was_said_since) {
  const SessionThen then = session_then(session_since(100, 200), Moment{.stamp = 20}, 250);
  EXPECT_EQ(then.facets.software->fields.firmware_version, "now");
  EXPECT_FALSE(then.facets.identity);
  EXPECT_TRUE(then.unknown.empty());
}

TEST(Past, has_no_facet_that_was_first_said_later_if_history_is_whole) {
  Moment moment{.stamp = 20};
  moment.said_last.software = software_at(40, "now");
  const SessionThen then = session_then(session_since(100, 100), moment, 150);
  EXPECT_FALSE(then.facets.software);
  EXPECT_TRUE(then.unknown.empty());
}

TEST(Past, is_unknown_where_history_was_cut) {
  Moment moment{.stamp = 20};
  moment.said_last.software = software_at(40, "now");
  const std::vector<std::string_view> software = {"software"};
  EXPECT_EQ(session_then(session_since(100, 200), moment, 250).unknown, software);
  // What was last said of it may have been removed.
  EXPECT_EQ(session_then(session_since(100, 200), Moment(), 150).unknown, software);
}

TEST(Past, begins_with_the_session_and_ends_with_it) {
  SessionPast session = session_since(100, 100);
  EXPECT_EQ(session_then(session, Moment(), 99).state, State::kNotYet);
  EXPECT_EQ(session_then(session, Moment(), 100).state, State::kThere);
  session.ended_stamp = 50;
  EXPECT_EQ(session_then(session, Moment{.stamp = 49}, 150).state, State::kThere);
  EXPECT_EQ(session_then(session, Moment{.stamp = 50}, 160).state, State::kEnded);
  session.newest_stamp = 0;  // the end itself is not kept any more
  EXPECT_EQ(session_then(session, Moment(), 150).state, State::kEnded);
}

TEST(KnownFrom, is_the_beginning_the_age_or_the_oldest_of_as_many_rows_as_are_kept) {
  const Retention retention{.history = std::chrono::microseconds(1000), .rows = 10};
  EXPECT_EQ(known_from(retention, 5000, 4500, 3, 4600), 4500);
  EXPECT_EQ(known_from(retention, 5000, 100, 3, 4600), 4000);
  EXPECT_EQ(known_from(retention, 5000, 100, 10, 4600), 4600);
}

}  // namespace
}  // namespace dmp::registry::api
