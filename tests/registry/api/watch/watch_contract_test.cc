// The watch through the whole API: real PostgreSQL, real HTTP.
//
// DMP_WATCH_CHURN_S: how long clients reconnect at random under churn (3 s).
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "registry/api/query/target.h"
#include "tests/registry/api/api_under_test.h"
#include "tests/registry/api/watch/watch_client.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class WatchTest : public ApiUnderTest {
 protected:
  static constexpr int kHourS = 3600;

  void SetUp() override {
    ApiUnderTest::SetUp();
    // However long a test lasts, only what it does may bring doubt: that reads everything again.
    add(RaeRow{.rae = "lab-a-1", .heard_s_ago = -kHourS});
    add(RaeRow{.rae = "lab-b-1", .heard_s_ago = -kHourS});
    execute("UPDATE ingest SET beat_at = now() + INTERVAL '1 hour'");
    execute("UPDATE bridge SET sent_at = sent_at + 3600000000");
  }

  // A list of this test's own: what is truncated between tests is not seen to go.
  static std::string target(const std::string& filter) {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::string own = "note != \"" + test + "\"";
    return "/v1/devices?watch=1&filter=" +
           api::percent_encode(filter.empty() ? own : own + " && (" + filter + ")");
  }

  // Every item of the list, as the watch should have it.
  std::map<std::string, Json> listed(const std::string& filter, const std::string& token) {
    std::map<std::string, Json> items;
    std::string at =
        "/v1/devices?limit=500" + (filter.empty() ? "" : "&filter=" + api::percent_encode(filter));
    const Json page = get(at, 200, token);
    EXPECT_TRUE(page.at("next").is_null()) << "more than a page";
    for (Json item : page.at("items")) {
      item.erase("rae_last_heard_at");
      items.emplace(item.at("device_id"), item);
    }
    return items;
  }

  static std::map<std::string, Json> watched(const WatchClient& client) {
    std::map<std::string, Json> items;
    for (const auto& [id, text] : client.list.items()) items.emplace(id, Json::parse(text));
    return items;
  }

  // Whether the client comes to have exactly the list, and stays connected.
  testing::AssertionResult converges(WatchClient& client, const std::string& filter = "",
                                     const std::string& token = "see-all", bool reconnect = false) {
    std::map<std::string, Json> list;
    const bool equal = client.receive_until(
        [&] { return watched(client) == (list = listed(filter, token)); }, reconnect);
    if (equal) return testing::AssertionSuccess();
    return testing::AssertionFailure() << Json(watched(client)).dump(1) << "\nis not\n"
                                       << Json(list).dump(1);
  }

  static bool begin(WatchClient& client) {
    return client.connect() == 200 &&
           client.receive_until([&] { return client.list.count("synced") > 0; });
  }

  static void execute(const std::string& statement) { database().execute(statement); }
};

// A device's name in an update, with the time at which it was written.
std::string set_state(int session, const std::string& what) {
  return "UPDATE device_state SET changed_at = now(), " + what + " WHERE device_session_id = '" +
         uuid(session) + "'";
}

std::string set_session(int session, const std::string& what) {
  return "UPDATE device_session SET changed_at = now(), " + what + " WHERE device_session_id = '" +
         uuid(session) + "'";
}

TEST_F(WatchTest, begins_with_the_list_and_follows_it) {
  add(SessionRow{.session = 1, .device = 1});
  add(SessionRow{.session = 2, .device = 2});
  WatchClient client(port(), target(""), "see-all");
  ASSERT_TRUE(begin(client));
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.events().front().kind, "list");
  execute(set_state(1, "presence_status = 'offline'"));
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.count("changed"), 1u);
  add(SessionRow{.session = 3, .device = 3});
  EXPECT_TRUE(converges(client));
  execute(set_state(2, "ended_at = 300"));
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.items().size(), 2u);
  EXPECT_EQ(client.list.count("removed"), 1u);
}

TEST_F(WatchTest, shows_a_device_come_into_the_filter_and_leave_it) {
  add(SessionRow{.session = 1, .device = 1});
  add(SessionRow{.session = 2, .device = 2});
  const std::string filter = "presence == offline";
  WatchClient client(port(), target(filter), "see-all");
  ASSERT_TRUE(begin(client));
  EXPECT_TRUE(client.list.items().empty());
  execute(set_state(1, "presence_status = 'offline'"));
  EXPECT_TRUE(client.receive_until([&] { return client.list.count("added") == 1; }));
  execute(set_state(1, "presence_status = 'online'"));
  EXPECT_TRUE(client.receive_until([&] { return client.list.count("removed") == 1; }));
  EXPECT_TRUE(converges(client, filter));
}

TEST_F(WatchTest, shows_nobody_what_the_token_may_not_see) {
  add(SessionRow{.rae = "lab-a-1", .session = 1, .device = 1});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .device = 2});
  add(RaeRow{.rae = "canary-1"});
  add(SessionRow{.rae = "canary-1", .session = 3, .device = 3});
  WatchClient a(port(), target(""), "see-a");
  WatchClient none(port(), target(""), "see-none");
  ASSERT_TRUE(begin(a) && begin(none));
  EXPECT_TRUE(converges(a, "", "see-a"));
  execute(set_state(2, "presence_status = 'offline'"));
  execute(set_state(3, "presence_status = 'offline'"));
  execute(set_state(1, "presence_status = 'offline'"));
  EXPECT_TRUE(converges(a, "", "see-a"));
  EXPECT_EQ(a.list.items().size(), 1u);
  for (int i = 0; i < 3; ++i) none.receive(std::chrono::milliseconds(500));
  EXPECT_TRUE(none.list.items().empty());
  EXPECT_EQ(WatchClient(port(), target(""), "nobody").connect(), 401);
}

TEST_F(WatchTest, carries_the_fields_asked_for_and_is_quiet_about_the_others) {
  add(SessionRow{.session = 1, .device = 1});
  WatchClient client(port(), target("") + "&fields=presence.status", "see-all");
  ASSERT_TRUE(begin(client));
  EXPECT_EQ(client.list.items().at(uuid(1)),
            R"({"device_id":")" + uuid(1) + R"(","presence":{"status":"online"}})");
  execute(set_session(1, "firmware_version = '2'"));
  execute(set_state(1, "presence_status = 'standby'"));
  EXPECT_TRUE(client.receive_until([&] { return client.list.count("changed") > 0; }));
  EXPECT_EQ(client.list.count("changed"), 1u);
}

TEST_F(WatchTest, shows_what_time_alone_has_changed) {
  add(RaeRow{.rae = "lab-a-2", .heard_s_ago = 178});
  add(SessionRow{.rae = "lab-a-2", .session = 1, .device = 1});
  add(SessionRow{.session = 2, .device = 2});
  execute("INSERT INTO device (device_id, hold_by, hold_until) VALUES ('" + uuid(2) +
          "', 'ann', now() + INTERVAL '3 seconds')");
  WatchClient client(port(), target("schedulable == true"), "see-all");
  ASSERT_TRUE(begin(client));
  EXPECT_TRUE(client.receive_until([&] {
    return client.list.items().size() == 1 && client.list.items().contains(uuid(2));
  })) << "silence and the end of the hold";
  execute("UPDATE ingest SET behind_ms = 61000");
  EXPECT_TRUE(client.receive_until([&] { return client.list.items().empty(); }));
  execute("UPDATE ingest SET behind_ms = 0");
  EXPECT_TRUE(client.receive_until([&] { return client.list.items().size() == 1; }));
  execute("UPDATE rae SET last_heard_at = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT)");
  EXPECT_TRUE(client.receive_until([&] { return client.list.items().size() == 2; }));
  EXPECT_TRUE(converges(client, "schedulable == true"));
}

TEST_F(WatchTest, shows_a_lost_rae_its_return_and_sessions_that_are_confirmed_one_by_one) {
  add(SessionRow{.session = 1, .device = 1});
  WatchClient client(port(), target(""), "see-all");
  ASSERT_TRUE(begin(client));
  execute("UPDATE rae SET presence_status = 'offline', presence_at = 101, changed_at = now()");
  EXPECT_TRUE(converges(client));
  // Back, and its roster not there yet: an update confirms the session and changes nothing else.
  execute("UPDATE rae SET presence_status = 'online', presence_at = 1000, changed_at = now()");
  EXPECT_TRUE(converges(client));
  EXPECT_NE(client.list.items().at(uuid(1)).find("not_confirmed"), std::string::npos);
  execute("UPDATE device_state SET seen_at = 1001");
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.items().at(uuid(1)).find("not_confirmed"), std::string::npos);
}

TEST_F(WatchTest, a_session_that_becomes_another_device_changes_both) {
  add(SessionRow{.session = 1, .device = 1});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .device = 1});  // two at once: a blocker
  WatchClient client(port(), target(""), "see-all");
  ASSERT_TRUE(begin(client));
  EXPECT_NE(client.list.items().at(uuid(1)).find("duplicate_identity"), std::string::npos);
  execute(set_session(2, "device_id = '" + uuid(2) + "'"));
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.items().size(), 2u);
  EXPECT_EQ(client.list.items().at(uuid(1)).find("duplicate_identity"), std::string::npos);
}

TEST_F(WatchTest, a_session_that_becomes_another_device_while_it_is_not_shown_comes_back_as_that) {
  add(SessionRow{.session = 1, .device = 1});
  WatchClient client(port(), target(""), "see-all");
  ASSERT_TRUE(begin(client));
  execute(set_state(1, "ended_at = 1"));
  EXPECT_TRUE(converges(client));
  EXPECT_TRUE(client.list.items().empty());
  execute(set_session(1, "device_id = '" + uuid(2) + "'"));
  add(SessionRow{.session = 3, .device = 3});  // seen, so is that
  EXPECT_TRUE(converges(client));
  execute(set_state(1, "ended_at = 0"));
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.items().count(uuid(2)), 1u);
}

TEST_F(WatchTest, goes_on_where_a_client_was_and_says_410_where_that_is_forgotten) {
  add(SessionRow{.session = 1, .device = 1});
  add(SessionRow{.session = 2, .device = 2});
  WatchClient client(port(), target(""), "see-all");
  ASSERT_TRUE(begin(client));
  client.disconnect();
  execute(set_state(1, "presence_status = 'offline'"));
  const std::size_t before = client.list.events().size();
  ASSERT_EQ(client.connect(), 200) << client.problem;
  EXPECT_TRUE(converges(client));
  EXPECT_EQ(client.list.events().at(before).kind, "resumed");
  EXPECT_EQ(client.list.count("list"), 1u);

  WatchClient other(port(), target("presence == online"), "see-all");
  other.list = client.list;
  EXPECT_EQ(other.connect(), 400);
  WatchClient stranger(port(), target(""), "see-all");
  std::string never = client.list.last_event_id();
  never.replace(19, 16, "0123456789abcdef");
  stranger.list.feed("id: " + never + "\n\n");
  EXPECT_EQ(stranger.connect(), 410);
  EXPECT_EQ(Json::parse(stranger.problem).at("type"), "/problems/gone");
  EXPECT_TRUE(begin(stranger));
  EXPECT_TRUE(converges(stranger));
}

TEST_F(WatchTest, a_client_that_takes_too_little_is_ended_with_the_reason) {
  constexpr int kDevices = 1500;
  execute(
      "INSERT INTO device_session (rae, device_session_id, reader, device_id, identity_at)"
      " SELECT 'lab-a-1', gen_random_uuid(), 1, gen_random_uuid(), 1"
      " FROM generate_series(1, " +
      std::to_string(kDevices) + ")");
  execute(
      "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_status)"
      " SELECT rae, device_session_id, 1, 200, 'online' FROM device_session");
  WatchClient brisk(port(), target("") + "&fields=presence.reason", "see-all");
  WatchClient slow(port(), target(""), "see-all", 4096);
  ASSERT_TRUE(begin(brisk));
  ASSERT_EQ(slow.connect(), 200);
  // Far more than sockets hold.
  for (int round = 0; round < 12; ++round) {
    const std::string reason = "round " + std::to_string(round) + std::string(200, '.');
    execute("UPDATE device_state SET changed_at = now(), presence_reason = '" + reason + "'");
    ASSERT_TRUE(brisk.receive_until([&] {
      for (const auto& [id, item] : brisk.list.items()) {
        if (item.find(reason) == std::string::npos) return false;
      }
      return true;
    })) << round;
  }
  EXPECT_TRUE(slow.receive_until([&] { return !slow.list.ended().empty(); }));
  EXPECT_EQ(Json::parse(slow.list.ended()).at("reason"), "too_slow");
  EXPECT_TRUE(slow.receive_until([&] { return !slow.connected(); }));
}

// Of what a client can see, in any order; the database's time is the only one.
class Churn {
 public:
  explicit Churn(unsigned seed) : random_(seed) {}

  std::string next() {
    const int session = 1 + upto(kSessions);
    static const char* const kStatus[] = {"online", "offline", "standby"};
    switch (upto(8)) {
      case 0:
        return set_session(session, "device_id = '" + uuid(100 + upto(kSessions)) + "'");
      case 1:
        return set_session(session, "model = 'Model " + std::to_string(upto(3)) + "'");
      case 2:
        return set_state(session, "ended_at = " + std::to_string(upto(2)));
      case 3:
        return "UPDATE rae SET presence_status = '" + std::string(kStatus[upto(2)]) +
               "', changed_at = now() WHERE rae = '" + (upto(2) == 0 ? "lab-a-1'" : "lab-b-1'");
      case 4:
        return "INSERT INTO device (device_id, hold_by) VALUES ('" + uuid(100 + upto(kSessions)) +
               "', '" + (upto(2) == 0 ? "" : "ann") +
               "') ON CONFLICT (device_id) DO UPDATE SET hold_by = excluded.hold_by, changed_at ="
               " now()";
      default:
        return set_state(session, "presence_status = '" + std::string(kStatus[upto(3)]) + "'");
    }
  }

  int upto(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most)); }

  static constexpr int kSessions = 24;

 private:
  std::mt19937 random_;
};

TEST_F(WatchTest, clients_that_reconnect_at_random_under_churn_end_with_the_list) {
  for (int i = 1; i <= Churn::kSessions; ++i) {
    add(SessionRow{.rae = i % 2 == 0 ? "lab-a-1" : "lab-b-1", .session = i, .device = 100 + i});
  }
  const char* asked = std::getenv("DMP_WATCH_CHURN_S");
  const std::chrono::seconds lasts(asked == nullptr ? 3 : std::atoi(asked));
  const auto seed = static_cast<unsigned>(std::random_device()());
  SCOPED_TRACE("seed " + std::to_string(seed));
  Churn churn(seed);
  const std::string filter = "presence == online && model != \"Model 2\"";
  WatchClient all(port(), target(""), "see-all");
  WatchClient some(port(), target(filter), "see-all");
  WatchClient a(port(), target(filter), "see-a");
  const auto until = std::chrono::steady_clock::now() + lasts;
  int changes = 0;
  while (std::chrono::steady_clock::now() < until) {
    execute(churn.next());
    ++changes;
    for (WatchClient* client : {&all, &some, &a}) {
      if (churn.upto(20) == 0) client->disconnect();
      if (!client->connected() && churn.upto(3) == 0) client->connect();
      client->receive(std::chrono::milliseconds(churn.upto(4)));
    }
  }
  EXPECT_TRUE(converges(all, "", "see-all", true));
  EXPECT_TRUE(converges(some, filter, "see-all", true));
  EXPECT_TRUE(converges(a, filter, "see-a", true));
  std::cout << changes << " changes; " << all.connects << " connects, " << all.lists_begun
            << " of them with the whole list\n";
}

}  // namespace
}  // namespace dmp::registry
