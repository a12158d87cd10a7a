// The janitor on a real PostgreSQL.
#include "registry/janitor.h"

#include <memory>
#include <thread>

#include "registry/adapters/pqxx_cleaner.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;
using test::Rows;
using test::wait_for;

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kDay = 24 * kHour;

// A janitor that cleans round after round on a thread of its own.
class RunningJanitor {
 public:
  RunningJanitor(const std::string& database, Janitor::Limits limits)
      : cleaner_(database),
        janitor_(clock_, metrics_, cleaner_, limits),
        thread_([this](const std::stop_token& stop) { janitor_.run(stop); }) {}

  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] double rounds() { return metrics_.counter("dmp_janitor_rounds_total", "").value(); }
  [[nodiscard]] double removed(const std::string& table) {
    return metrics_.counter("dmp_janitor_removed_total", "", {{"table", table}}).value();
  }
  [[nodiscard]] std::string metrics() const { return metrics_.text(); }

 private:
  SystemClock clock_;
  Metrics metrics_;
  PqxxCleaner cleaner_;
  Janitor janitor_;
  std::jthread thread_;
};

class JanitorTest : public StoreTest {
 protected:
  static constexpr Janitor::Limits kOften{
      {std::chrono::hours(24 * 14), 1000}, milliseconds(0), milliseconds(5), milliseconds(5)};

  void clean(Janitor::Limits limits = kOften) {
    RunningJanitor janitor(database_.connection_string(), limits);
    ASSERT_TRUE(wait_for([&] { return janitor.rounds() >= 1; })) << janitor.metrics();
  }

  // `count` history rows of a session, a microsecond apart from `first` on.
  void add_history(int session, std::int64_t first, int count, std::int64_t received_at) const {
    database_.execute("INSERT INTO device_event SELECT 'rae-1', '" + session_number(session).str() +
                      "', " + std::to_string(first) + " + i, 'change', '', '{}', " +
                      std::to_string(received_at) + " FROM generate_series(0, " +
                      std::to_string(count - 1) + ") AS i");
  }

  [[nodiscard]] Rows history() const {
    return database_.rows(
        "SELECT device_session_id, count(*), min(timestamp) FROM device_event GROUP BY 1 "
        "ORDER BY 1");
  }

  void see(const RaeSerial& rae, int session, std::int64_t stamp) {
    Facets facets;
    facets.identity = identity_at(stamp, session, "Ultra");
    write({news_of(rae, session, snapshot_at(stamp, facets))});
  }

  void roster(const RaeSerial& rae, std::int64_t stamp, std::vector<SessionId> sessions) {
    write({RosterNews{rae, {{stamp}, std::move(sessions)}}});
  }

  // Statements that do this to a row of device_state keep it locked until go_on().
  void hold_row_on(const std::string& operation) const {
    database_.execute(
        "CREATE TABLE go_on (now BOOL);"
        "CREATE FUNCTION hold_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN WHILE NOT EXISTS "
        "(SELECT 1 FROM go_on) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NULL; END';"
        "CREATE TRIGGER hold_row AFTER " +
        operation + " ON device_state FOR EACH ROW EXECUTE FUNCTION hold_row()");
  }
  void go_on() const { database_.execute("INSERT INTO go_on VALUES (TRUE)"); }
  // Some statement of this test keeps its row.
  [[nodiscard]] bool is_holding() const { return is_seen("wait_event = 'PgSleep'"); }
  [[nodiscard]] bool is_blocked(const std::string& application) const {
    return is_seen("cardinality(pg_blocking_pids(pid)) > 0 AND application_name = '" + application +
                   "'");
  }
  [[nodiscard]] bool is_seen(const std::string& condition) const {
    return database_.cell(
               "SELECT count(*) FROM pg_stat_activity WHERE backend_start > "
               "to_timestamp(" +
               std::to_string(now_ / 1'000'000) + ") AND " + condition) != "0";
  }

  [[nodiscard]] Rows sessions() const {
    return database_.rows(
        "SELECT t.rae, t.device_session_id FROM device_state t JOIN device_session s ON "
        "s.rae = t.rae AND s.device_session_id = t.device_session_id ORDER BY 1, 2");
  }

  const std::int64_t now_ = SystemClock().wall_us();
};

TEST_F(JanitorTest, keeps_the_newest_thousand_rows_of_each_session) {
  add_history(1, now_, 2600, now_);
  add_history(2, now_, 1000, now_);
  add_history(3, now_, 1, now_);
  clean();
  EXPECT_EQ(history(), (Rows{{session_number(1).str(), "1000", std::to_string(now_ + 1600)},
                             {session_number(2).str(), "1000", std::to_string(now_)},
                             {session_number(3).str(), "1", std::to_string(now_)}}));
}

TEST_F(JanitorTest, removes_history_that_is_stamped_and_was_received_long_ago) {
  add_history(1, now_ - 15 * kDay, 10, now_ - 15 * kDay);
  add_history(1, now_ - 13 * kDay, 3, now_ - 13 * kDay);
  add_history(2, 1000, 4, now_);  // a RAE whose clock stands in 1970
  clean();
  EXPECT_EQ(history(), (Rows{{session_number(1).str(), "3", std::to_string(now_ - 13 * kDay)},
                             {session_number(2).str(), "4", "1000"}}));
}

TEST_F(JanitorTest, purges_sessions_that_rosters_have_left_out_for_long) {
  see(rae_, 1, now_ - 15 * kDay);
  see(rae_, 2, now_ - 15 * kDay);
  see(rae_, 3, now_ - 13 * kDay);
  see(rae_named("rae-lost"), 4, now_ - 400 * kDay);
  roster(rae_named("rae-lost"), now_ - 400 * kDay, {session_number(4)});
  roster(rae_, now_, {session_number(2)});
  clean();
  EXPECT_EQ(sessions(), (Rows{{"rae-1", session_number(2).str()},
                              {"rae-1", session_number(3).str()},
                              {"rae-lost", session_number(4).str()}}));
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_session"), "3");
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_state"), "3");
}

TEST_F(JanitorTest, what_it_purged_is_made_again_by_a_replay_and_stays_invisible) {
  see(rae_, 1, now_ - 15 * kDay);
  roster(rae_, now_, {});
  clean();
  ASSERT_TRUE(sessions().empty());
  see(rae_, 1, now_ - 15 * kDay);
  EXPECT_EQ(sessions().size(), 1U);
  EXPECT_EQ(database_.cell("SELECT count(*) FROM session_view"), "0");
}

TEST_F(JanitorTest, removes_what_the_canary_left_an_hour_ago) {
  const RaeSerial past = rae_named("canary-1-1");
  const RaeSerial present = rae_named("canary-2-1");
  for (const auto& [rae, at] : {std::pair(past, now_ - 2 * kHour), std::pair(present, now_)}) {
    see(rae, 1, at);
    write({PresenceNews{rae, {{at}, AgentStatus::kOnline, "1"}, {at}, "bridge-1"}});
  }
  roster(rae_named("rae-canary"), 5, {});
  clean();
  EXPECT_EQ(sessions(), (Rows{{"canary-2-1", session_number(1).str()}}));
  EXPECT_EQ(database_.rows("SELECT rae FROM rae ORDER BY 1"),
            (Rows{{"canary-2-1"}, {"rae-canary"}}));
}

TEST_F(JanitorTest, forgets_after_90_days_who_did_what) {
  const auto add_audit = [&](const char* subject, int days, int rows) {
    database_.execute(
        "INSERT INTO audit (at, subject, role, action, target, outcome, detail) SELECT now() - "
        "INTERVAL '" +
        std::to_string(days) + " days', '" + subject +
        "', 'operator', '', '', 'done', '' FROM generate_series(1, " + std::to_string(rows) + ")");
  };
  add_audit("past", 91, 2500);
  add_audit("present", 89, 3);
  clean();
  EXPECT_EQ(database_.rows("SELECT subject, count(*) FROM audit GROUP BY 1"),
            (Rows{{"present", "3"}}));
}

TEST_F(JanitorTest, a_session_seen_again_while_it_is_being_purged_stays) {
  see(rae_, 1, 1000);
  roster(rae_, 20 * kDay, {});
  PqxxCleaner cleaner(database_.connection_string());
  const auto page = cleaner.sessions({});
  ASSERT_TRUE(page);
  ASSERT_EQ(to_purge(*page, {}, {now_}).size(), 1U);
  roster(rae_, 21 * kDay, {session_number(1)});
  const auto removed = cleaner.remove_sessions(*page);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(*removed, 0);
  EXPECT_EQ(sessions().size(), 1U);
}

TEST_F(JanitorTest, a_session_seen_again_while_the_purge_waits_for_its_row_stays) {
  see(rae_, 1, 1000);
  roster(rae_, 20 * kDay, {});
  PqxxCleaner cleaner(database_.connection_string());
  const auto page = cleaner.sessions({});
  ASSERT_TRUE(page);
  hold_row_on("UPDATE");
  const std::jthread seen([&] { see(rae_, 1, 21 * kDay); });
  ASSERT_TRUE(wait_for([&] { return is_holding(); }));
  SqlResult<std::int64_t> removed;
  std::jthread purge([&] { removed = cleaner.remove_sessions(*page); });
  EXPECT_TRUE(wait_for([&] { return is_blocked("dmp-registry-janitor"); }));
  go_on();
  purge.join();
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(*removed, 0);
  EXPECT_EQ(sessions().size(), 1U);
}

TEST_F(JanitorTest, a_session_seen_again_while_it_is_removed_is_made_again) {
  see(rae_, 1, 1000);
  roster(rae_, 20 * kDay, {});
  PqxxCleaner cleaner(database_.connection_string());
  const auto page = cleaner.sessions({});
  ASSERT_TRUE(page);
  hold_row_on("DELETE");
  SqlResult<std::int64_t> removed;
  std::jthread purge([&] { removed = cleaner.remove_sessions(*page); });
  ASSERT_TRUE(wait_for([&] { return is_holding(); }));
  std::jthread seen([&] {
    Facets facets;
    facets.identity = identity_at(21 * kDay, 1, "Ultra");
    Fold fold;
    fold.add(news_of(rae_, 1, snapshot_at(21 * kDay, facets)));
    const registry::Rows rows = fold.take();
    // Each may wait for the other's row: then one of them is told so, and tries again.
    wait_for([&] { return store_.write(rows).has_value(); });
  });
  EXPECT_TRUE(wait_for([&] { return is_blocked("dmp-registry-ingest"); }));
  go_on();
  purge.join();
  seen.join();
  EXPECT_EQ(sessions().size(), 1U);
  EXPECT_EQ(database_.cell("SELECT seen_at FROM device_state"), std::to_string(21 * kDay));
}

TEST_F(JanitorTest, many_at_once_remove_each_row_once) {
  for (int session = 1; session <= 4; ++session) add_history(session, now_, 3000, now_);
  const auto others = [&] {
    std::vector<std::unique_ptr<RunningJanitor>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(std::make_unique<RunningJanitor>(database_.connection_string(), kOften));
    }
    return all;
  }();
  double removed = 0;
  for (const auto& janitor : others) {
    ASSERT_TRUE(wait_for([&] { return janitor->rounds() >= 1; })) << janitor->metrics();
  }
  for (const auto& janitor : others) {
    janitor->stop();
    removed += janitor->removed("device_event");
  }
  EXPECT_EQ(removed, 4 * 2000);
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "4000");
}

TEST_F(JanitorTest, a_stop_ends_it_in_the_middle_of_a_statement) {
  add_history(1, now_, 1001, now_);
  database_.execute(
      "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_sleep(600); RETURN OLD; END';"
      "CREATE TRIGGER hang BEFORE DELETE ON device_event FOR EACH ROW EXECUTE FUNCTION hang()");
  const std::string hanging =
      "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
      "application_name = 'dmp-registry-janitor' AND backend_start > to_timestamp(" +
      std::to_string(now_ / 1'000'000) + ")";
  RunningJanitor janitor(database_.connection_string(), kOften);
  ASSERT_TRUE(wait_for([&] { return database_.cell("SELECT count(*) " + hanging) == "1"; }));
  janitor.stop();
  EXPECT_EQ(database_.cell("SELECT count(*) " + hanging), "1") << "the server is still at it";
  database_.execute("SELECT pg_terminate_backend(pid, 5000) " + hanging);
  EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), "1001");
}

TEST_F(JanitorTest, counts_a_round_that_failed_and_tries_again) {
  database_.execute("ALTER TABLE device_state RENAME TO hidden");
  RunningJanitor janitor(database_.connection_string(), kOften);
  ASSERT_TRUE(wait_for([&] {
    return janitor.metrics().find("dmp_janitor_failures_total{class=\"configuration\"}") !=
           std::string::npos;
  }));
  EXPECT_EQ(janitor.rounds(), 0);
  database_.execute("ALTER TABLE hidden RENAME TO device_state");
  EXPECT_TRUE(wait_for([&] { return janitor.rounds() >= 1; }));
}

}  // namespace
}  // namespace dmp::registry
