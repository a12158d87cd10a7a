// The statements on a real PostgreSQL: what they store, and that a replay writes nothing.
#include <algorithm>

#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::Rows;
using Store = StoreTest;

std::vector<News> some_history(const RaeSerial& rae) {
  Facets first;
  first.identity = identity_at(100, 1, "Ultra");
  first.software = software_at(100, "12.0");
  first.presence = presence_at(100, PresenceStatus::kOnline);
  Facets upgraded;
  upgraded.software = software_at(200, "12.5");
  Facets away;
  away.presence = presence_at(300, PresenceStatus::kOffline);
  return {news_of(rae, 1, change_at(101, first)),
          news_of(rae, 1, change_at(201, upgraded)),
          news_of(rae, 1, change_at(301, away)),
          news_of(rae, 2, ended_at(302, "removed")),
          PresenceNews{rae, {{90}, AgentStatus::kOnline, "1.0"}, {1000}, "bridge-1"},
          RosterNews{rae, {{303}, {session_number(1), session_number(3)}}},
          HeartbeatNews{{{5000}, "bridge-1"}}};
}

TEST_F(Store, keeps_the_newest_of_each_facet) {
  write(some_history(rae_));
  EXPECT_EQ(database_.rows("SELECT model, firmware_version, presence_status, identity_at, "
                           "software_at, presence_at, seen_at, claims->0->>'value' FROM "
                           "device_session JOIN device_state USING (rae, device_session_id)"),
            (Rows{{"Ultra", "12.5", "offline", "100", "200", "300", "303", "a\"b\\c{}"}}));
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "4");
  EXPECT_EQ(database_.cell("SELECT end_reason FROM device_state WHERE ended_at = 302"), "removed");
}

TEST_F(Store, a_replay_writes_no_row) {
  const auto history = some_history(rae_);
  write(history);
  const auto before = versions();
  ASSERT_EQ(before.size(), 10U);
  for (const News& one : history) write({one});
  const Written again = write(history);
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(again.sessions + again.states + again.events + again.raes + again.bridges, 0);
}

TEST_F(Store, names_the_raes_whose_presence_or_roster_is_older_than_the_stored_one) {
  write(some_history(rae_));
  const RaeSerial other = rae_named("rae-2");
  const auto presence = [](const RaeSerial& rae, std::int64_t stamp) {
    return PresenceNews{rae, {{stamp}, AgentStatus::kOnline, "1.0"}, {2000}, "bridge-1"};
  };
  const auto behind = [&](const std::vector<News>& news) { return write(news).behind; };
  EXPECT_EQ(behind({presence(rae_, 90), presence(other, 1)}), std::vector<RaeSerial>{});
  EXPECT_EQ(behind({presence(rae_, 89), presence(other, 2)}), std::vector<RaeSerial>{rae_});
  EXPECT_EQ(behind({RosterNews{rae_, {{302}, {}}}}), std::vector<RaeSerial>{rae_});
  EXPECT_EQ(behind({RosterNews{rae_, {{303}, {}}}}), std::vector<RaeSerial>{});
  EXPECT_EQ(behind({presence(other, 1), presence(rae_, 80)}).size(), 2U);
  EXPECT_EQ(behind({news_of(rae_, 1, change_at(5, {}))}), std::vector<RaeSerial>{});
}

TEST_F(Store, knows_the_floor_of_every_rae) {
  write(some_history(rae_));
  const RaeSerial other = rae_named("rae-2");
  const RaeSerial only_updates = rae_named("rae-3");
  write({PresenceNews{other, {{500}, AgentStatus::kOnline, "1.0"}, {2000}, "bridge-1"},
         news_of(other, 1, change_at(400, {})), news_of(only_updates, 2, change_at(700, {}))});
  const RaeSerial unknown = rae_named("rae-4");
  auto floors = store_.floors({rae_, other, only_updates, unknown}).value();
  std::sort(floors.begin(), floors.end(),
            [](const RaeFloor& a, const RaeFloor& b) { return a.rae < b.rae; });
  EXPECT_EQ(floors, (std::vector<RaeFloor>{{rae_, {303}, {90}},
                                           {other, {500}, {500}},
                                           {only_updates, {700}, {1}},
                                           {unknown, {1}, {1}}}));
}

TEST_F(Store, an_older_facet_changes_nothing_but_takes_its_place_in_the_history) {
  write(some_history(rae_));
  Facets late;
  late.software = software_at(150, "12.2");
  const Written written = write({news_of(rae_, 1, change_at(151, late))});
  EXPECT_EQ(written.sessions + written.states, 0);
  EXPECT_EQ(written.events, 1);
  EXPECT_EQ(database_.cell("SELECT firmware_version FROM device_session"), "12.5");
}

TEST_F(Store, a_whole_facet_without_a_field_clears_it) {
  write(some_history(rae_));
  Facets cleared;
  cleared.identity = identity_at(400, 1, "");
  write({news_of(rae_, 1, change_at(401, cleared))});
  EXPECT_EQ(database_.cell("SELECT model FROM device_session"), "");
}

TEST_F(Store, moves_changed_at_only_when_something_shown_changes) {
  write(some_history(rae_));
  const auto changed = [&] {
    return database_.rows(
        "SELECT (SELECT changed_at FROM device_session), (SELECT changed_at FROM device_state "
        "WHERE presence_at > 0), (SELECT changed_at FROM rae)");
  };
  const auto before = changed();
  Facets same;  // stamped anew, as after a resync
  same.software = software_at(900, "12.5");
  write({news_of(rae_, 1, change_at(901, same)), HeartbeatNews{{{6000}, "bridge-1"}},
         PresenceNews{rae_, {{90}, AgentStatus::kOnline, "1.0"}, {2000}, "bridge-1"}});
  EXPECT_EQ(database_.cell("SELECT software_at FROM device_session"), "900");
  EXPECT_EQ(database_.cell("SELECT last_heard_at FROM rae"), "2000");
  EXPECT_EQ(changed(), before);
  Facets other;
  other.software = software_at(950, "13.0");
  write({news_of(rae_, 1, change_at(951, other)),
         PresenceNews{rae_, {{960}, AgentStatus::kOffline, "1.0"}, {3000}, "bridge-1"}});
  EXPECT_NE(changed()[0][0], before[0][0]);
  EXPECT_EQ(changed()[0][1], before[0][1]);
  EXPECT_NE(changed()[0][2], before[0][2]);
}

TEST_F(Store, moves_changed_at_when_a_facet_comes_that_says_nothing) {
  Facets one;
  one.identity = identity_at(100, 1, "Ultra");
  write({news_of(rae_, 1, change_at(101, one))});
  const std::string both =
      "SELECT (SELECT changed_at FROM device_session), (SELECT changed_at FROM device_state)";
  const auto before = database_.rows(both);
  Facets empty;
  empty.software.emplace().timestamp = {200};
  empty.usage.emplace().timestamp = {200};
  write({news_of(rae_, 1, change_at(201, empty))});
  const auto first = database_.rows(both);
  EXPECT_NE(first[0][0], before[0][0]);
  EXPECT_NE(first[0][1], before[0][1]);
  empty.software->timestamp = {300};
  empty.usage->timestamp = {300};
  write({news_of(rae_, 1, change_at(301, empty))});
  EXPECT_EQ(database_.rows(both), first);
}

TEST_F(Store, an_end_is_final_and_the_latest_one_counts) {
  write({news_of(rae_, 1, ended_at(200, "expired"))});
  write({news_of(rae_, 1, ended_at(150, "removed"))});
  Facets alive;
  alive.presence = presence_at(300, PresenceStatus::kOnline);
  write({news_of(rae_, 1, change_at(301, alive))});
  EXPECT_EQ(database_.rows("SELECT ended_at, end_reason FROM device_state"),
            (Rows{{"200", "expired"}}));
}

TEST_F(Store, keeps_no_history_of_the_canary) {
  Facets facets;
  facets.identity = identity_at(100, 7, "canary");
  write({news_of(rae_named("canary-1-1"), 1, change_at(101, facets))});
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "0");
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_session"), "1");
}

TEST_F(Store, presences_and_rosters_in_any_order_end_the_same) {
  const std::vector<News> news = {
      PresenceNews{rae_, {{100}, AgentStatus::kOnline, "1"}, {1000}, "bridge-1"},
      PresenceNews{rae_, {{101}, AgentStatus::kOffline, "1"}, {1500}, "bridge-1"},
      PresenceNews{rae_, {{200}, AgentStatus::kOnline, "2"}, {1400}, "bridge-2"},
      PresenceNews{rae_, {{200}, AgentStatus::kOnline, "2"}, {2400}, "bridge-2"},
      RosterNews{rae_, {{150}, {session_number(1), session_number(2)}}},
      RosterNews{rae_, {{250}, {session_number(1)}}}};
  const std::string everything =
      "SELECT rae, presence_at, presence_status, agent_version, last_heard_at, bridge, roster_at "
      "FROM rae UNION ALL SELECT '', seen_at, '', '', 0, '', 0 FROM device_state ORDER BY 1, 2";
  const Rows expected = {{"", "150", "", "", "0", "", "0"},
                         {"", "250", "", "", "0", "", "0"},
                         {"rae-1", "200", "online", "2", "2400", "bridge-2", "250"}};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  int orders = 0;
  do {
    if (++orders % 7 != 0) continue;  // of 720
    database_.execute("DELETE FROM rae; DELETE FROM device_state");
    for (const std::size_t i : order) write({news[i]});
    ASSERT_EQ(database_.rows(everything), expected) << "order " << orders;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Store, a_newer_decoder_heals_rows_and_an_older_one_cannot_undo_it) {
  Facets read_by_1;
  read_by_1.identity = identity_at(100, 1, "");
  read_by_1.software = software_at(100, "12.0");
  Facets read_by_2 = read_by_1;
  read_by_2.identity->fields.model = "Ultra";
  Facets part;
  part.identity = read_by_2.identity;
  const auto stored = [&] { return database_.rows("SELECT model, reader FROM device_session")[0]; };
  using Stored = std::vector<std::string>;

  write({news_of(rae_, 1, snapshot_at(101, read_by_1))}, 1);
  write({news_of(rae_, 1, change_at(102, part))}, 2);
  EXPECT_EQ(stored(), (Stored{"Ultra", "1"})) << "that part heals, the row counts as read by 1";
  const auto before = versions();
  write({news_of(rae_, 1, change_at(102, part))}, 2);
  EXPECT_EQ(versions(), before) << "a replay writes nothing";
  write({news_of(rae_, 1, snapshot_at(103, read_by_2))}, 2);
  EXPECT_EQ(stored(), (Stored{"Ultra", "2"}));
  write({news_of(rae_, 1, snapshot_at(104, read_by_1))}, 1);
  EXPECT_EQ(stored(), (Stored{"Ultra", "2"})) << "1 cannot undo what 2 read of the same stamps";
  read_by_1.identity->timestamp = {200};
  read_by_2.identity->timestamp = {200};
  write({news_of(rae_, 1, snapshot_at(201, read_by_1))}, 1);
  EXPECT_EQ(stored(), (Stored{"", "1"})) << "newer, though read by 1";
  write({news_of(rae_, 1, snapshot_at(202, read_by_2))}, 2);
  EXPECT_EQ(stored(), (Stored{"Ultra", "2"}));
}

TEST_F(Store, beats_are_written_every_time) {
  ASSERT_TRUE(store_.beat({{"dmp.agents", 1, 0}, {"dmp.agents", 0, 7}}));
  ASSERT_TRUE(store_.beat({{"dmp.agents", 0, 9}}));
  EXPECT_EQ(database_.rows("SELECT partition, behind_ms FROM ingest ORDER BY partition"),
            (Rows{{"0", "9"}, {"1", "0"}}));
}

TEST_F(Store, a_value_the_database_refuses_is_a_data_error_and_the_next_write_works) {
  database_.execute("ALTER TABLE device_session ADD CONSTRAINT test CHECK (model <> 'cursed')");
  Facets cursed;
  cursed.identity = identity_at(100, 1, "cursed");
  Fold fold;
  fold.add(news_of(rae_, 1, change_at(101, cursed)));
  const auto refused = store_.write(fold.take());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, SqlFault::kData);
  EXPECT_EQ(refused.error().sqlstate, "23514");
  write(some_history(rae_));
}

TEST_F(Store, a_lost_connection_is_transient_and_the_next_write_has_a_new_one) {
  PqxxStore store(database_.connection_string(), "dmp-lost-" + std::to_string(getpid()));
  ASSERT_TRUE(store.beat({{"dmp.agents", 1, 0}}));
  database_.execute(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
      "application_name = 'dmp-lost-" +
      std::to_string(getpid()) + "'");
  const auto lost = store.beat({{"dmp.agents", 1, 0}});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().fault, SqlFault::kTransient) << lost.error().message;
  EXPECT_TRUE(store.beat({{"dmp.agents", 1, 0}}));
}

TEST_F(Store, an_interrupted_store_fails_at_once_and_for_good) {
  ASSERT_TRUE(store_.beat({{"dmp.agents", 1, 0}}));
  store_.interrupt();
  for (int i = 0; i < 2; ++i) {
    const auto stopped = store_.beat({{"dmp.agents", 1, 0}});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().fault, SqlFault::kTransient);
  }
}

TEST_F(Store, a_database_that_stands_still_fails_the_call_and_is_used_again_when_it_goes_on) {
  // Its own limit and 2 s more are waited for.
  std::string hasty = database_.connection_string();
  const std::string timeout = "statement_timeout=30000";
  hasty.replace(hasty.find(timeout), timeout.size(), "statement_timeout=100");
  PqxxStore store(hasty);
  ASSERT_TRUE(store.beat({{"dmp.agents", 1, 0}}));
  const test::TestDatabase::ThawAtEnd thaw_at_end;
  if (!test::TestDatabase::freeze_server()) GTEST_SKIP() << "needs a database of its own";
  const auto unanswered = store.beat({{"dmp.agents", 1, 0}});
  const auto unconnected = store.beat({{"dmp.agents", 1, 0}});
  test::TestDatabase::thaw_server();
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().fault, SqlFault::kTransient);
  EXPECT_NE(unanswered.error().message.find("has not answered for"), std::string::npos)
      << unanswered.error().message;
  ASSERT_FALSE(unconnected);
  EXPECT_EQ(unconnected.error().fault, SqlFault::kTransient) << unconnected.error().message;
  EXPECT_TRUE(test::wait_for([&] { return store.beat({{"dmp.agents", 1, 0}}).has_value(); }));
}

TEST_F(Store, a_lost_connection_says_how_it_was_lost_and_not_what_could_not_be_done_next) {
  const std::string name = "dmp-lost-why-" + std::to_string(getpid());
  PqxxStore store(database_.connection_string(), name);
  ASSERT_TRUE(store.beat({{"dmp.agents", 1, 0}}));
  database_.execute(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '" +
      name + "'");
  const auto lost = store.beat({{"dmp.agents", 1, 0}});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().fault, SqlFault::kTransient);
  // Which of the two depends on whether the server's goodbye was read before we asked.
  EXPECT_TRUE(lost.error().message == "terminating connection due to administrator command" ||
              lost.error().message == "server closed the connection unexpectedly")
      << lost.error().message;
  EXPECT_TRUE(store.beat({{"dmp.agents", 1, 0}}));
}

TEST(StoreWithoutTables, says_which_migration_is_missing_and_what_to_do) {
  const test::TestDatabase empty;
  PqxxStore store(empty.connection_string());
  const auto refused = store.beat({{"dmp.agents", 1, 0}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, SqlFault::kConfiguration);
  EXPECT_NE(refused.error().message.find("run `dmp-registry migrate`"), std::string::npos);
}

TEST(StoreWithoutServer, a_database_that_is_not_there_is_transient) {
  PqxxStore store("host=/nonexistent dbname=dmp");
  const auto refused = store.beat({{"dmp.agents", 1, 0}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, SqlFault::kTransient) << refused.error().message;
}

}  // namespace
}  // namespace dmp::registry
