// What the hub asks the database for, and when: real PostgreSQL behind a door that can be shut.
#include "registry/api/watch/watch_hub.h"

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include <gtest/gtest.h>

#include "registry/adapters/pqxx_migrations.h"
#include "registry/adapters/pqxx_reader.h"
#include "registry/api/item/item.h"
#include "registry/api/watch/watch_statements.h"
#include "tests/fixtures/postgres.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/api/watch/watched_list.h"

namespace dmp::registry::api {
namespace {

using test::wait_for;

// A token that is its subject's name and sees every RAE.
class Anybody final : public People {
 public:
  [[nodiscard]] std::optional<Principal> find(std::string_view token) const override {
    return Principal{.subject = std::string(token), .rae_patterns = {"%"}};
  }
  void refresh() override {}
};

// What the test sees of the hub's statements, and which come through.
struct Door {
  std::atomic<bool> shut = false;
  std::atomic<bool> shut_for_lists = false;  // for their pages alone
  std::atomic<bool> held = false;            // whoever comes stands in it meanwhile
  std::atomic<int> refused = 0;
  std::atomic<int> standing = 0;
  std::atomic<int> looks = 0;          // for changes
  std::atomic<std::size_t> found = 0;  // rows that those brought
};

class DatabaseBehindDoor final : public Database {
 public:
  DatabaseBehindDoor(const std::string& database, Door& door)
      : inner_({.database = database}), door_(door) {}

  Result<Rows> read(const Statement& statement) override {
    stand();
    if (door_.shut || (door_.shut_for_lists && !statement.by_key)) {
      ++door_.refused;
      return tl::unexpected(Error{"database_away", "the door is shut", Retry::kYes});
    }
    auto rows = inner_.read(statement);
    static const std::string kChanges = watch_changes({}, 0, false).text;
    if (rows && statement.text == kChanges) {
      ++door_.looks;
      door_.found += rows->size();
    }
    return rows;
  }
  Result<Rows> write(const Statement& statement) override { return inner_.write(statement); }

 private:
  void stand() {
    ++door_.standing;
    EXPECT_TRUE(wait_for([&] { return !door_.held; }));
    --door_.standing;
  }

  PqxxReader inner_;
  Door& door_;
};

// A client in this process: takes what the stream has.
class Client {
 public:
  explicit Client(WatchHub& hub) {
    hub.accept({.method = "GET", .target = "/v1/devices?watch=1", .authorization = {}},
               Principal{.subject = "x", .rae_patterns = {"%"}}, "x",
               [this](HttpResponse response) {
                 stream_ = response.stream;
                 problem_ = response.body;
                 status_ = response.status;
               });
  }
  ~Client() {
    if (wait_for([&] { return status_ != 0; }) && stream_) stream_->close();
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] int status() const { return status_; }  // 0: not yet
  [[nodiscard]] bool answered(int with) const {
    return wait_for([&] { return status_ != 0; }) && status_ == with;
  }
  // Only once it is answered.
  bool receives(const std::function<bool()>& condition) {
    return wait_for([&] {
      std::string piece(65536, '\0');
      piece.resize(stream_->take(piece.data(), piece.size(), [] {}).bytes);
      list.feed(piece);
      return condition();
    });
  }
  bool begins() {
    return answered(200) && receives([&] { return list.count("synced") > 0; });
  }
  [[nodiscard]] std::string problem() const {
    return nlohmann::json::parse(problem_).at("type").get<std::string>();
  }

  WatchedList list;

 private:
  std::atomic<int> status_ = 0;
  std::shared_ptr<Stream> stream_;
  std::string problem_;
};

class HubTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // libpq writes to sockets whose peer may be gone
    const auto migrated = migrate(database_.connection_string());
    ASSERT_TRUE(migrated) << migrated.error().message;
    // Up to date and heard of for longer than any test: doubt reads everything again.
    database_.execute(
        "INSERT INTO ingest (topic, partition, beat_at) VALUES"
        " ('dmp.agents', 0, now() + INTERVAL '1 hour')");
    database_.execute(
        "INSERT INTO rae (rae, presence_at, presence_status, last_heard_at, roster_at) VALUES"
        " ('lab-1', 1, 'online', CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) + 3600000000,"
        " 1)");
    database_.execute(
        "INSERT INTO device_session (rae, device_session_id, reader, device_id, identity_at)"
        " SELECT 'lab-1', gen_random_uuid(), 1, gen_random_uuid(), 1 FROM generate_series(1, 50)");
    database_.execute(
        "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_status)"
        " SELECT rae, device_session_id, 1, 200, 'online' FROM device_session");
  }

  std::unique_ptr<WatchHub> hub(WatchLimits limits) {
    limits.look_every = limits.nudged_look_every = std::chrono::milliseconds(10);
    limits.eager_look_every = limits.nudged_eager_look_every = std::chrono::milliseconds(10);
    auto hub = std::make_unique<WatchHub>(
        limits, people_,
        [this] {
          return std::make_unique<DatabaseBehindDoor>(database_.connection_string(), door_);
        },
        metrics_, &replica_);
    hub->run();
    return hub;
  }

  void set_reason(const std::string& reason) const {
    database_.execute("UPDATE device_state SET changed_at = now(), presence_reason = '" + reason +
                      "'");
  }

  static bool shows(const WatchedList& list, const std::string& reason) {
    for (const auto& [id, item] : list.items()) {
      if (item.find("\"reason\":\"" + reason + "\"") == std::string::npos) return false;
    }
    return list.items().size() == 50;
  }

  bool watches(const std::string& lists) {
    return metrics_.text().find("dmp_registry_watch_lists " + lists) != std::string::npos;
  }

  bool looks_on() {
    const int before = door_.looks;
    return wait_for([&] { return door_.looks > before + 1; });
  }

  // As a worker does that is asked for a list.
  std::optional<ListedPage> list(WatchHub& hub, const std::string& filter = "") {
    DevicesQuery query;
    if (!filter.empty()) query.filter = *parse_filter(filter);
    auto page = replica_.list(query, {.rae_patterns = {"%"}}, std::chrono::steady_clock::now());
    hub.lists_wanted();
    return page;
  }

  bool lists_from_memory(WatchHub& hub, std::size_t devices) {
    return wait_for([&] {
      const auto page = list(hub);
      return page && page->items.size() == devices;
    });
  }

  const test::TestDatabase database_;
  Anybody people_;
  Metrics metrics_;
  // So old that no pause of a busy machine is taken for a database that is away.
  Replica replica_{{.age_max = std::chrono::milliseconds(2000)}, metrics_};
  Door door_;
};

TEST_F(HubTest, does_not_look_for_what_changed_while_nobody_watched) {
  const auto hub = this->hub({.bookmark_every = std::chrono::milliseconds(10),
                              .unwatched_kept = std::chrono::milliseconds(0)});
  {
    Client client(*hub);
    ASSERT_TRUE(client.begins());
    ASSERT_TRUE(wait_for([&] { return watches("1"); }));
  }
  ASSERT_TRUE(wait_for([&] { return watches("0"); }));
  // As long ago as a night's changes are: behind every look's overlap.
  for (const char* table : {"device_state", "device_session", "rae"}) {
    database_.execute(std::string("UPDATE ") + table +
                      " SET changed_at = now() - INTERVAL '1 minute'");
  }
  database_.execute("UPDATE device_state SET presence_reason = 'night'");
  door_.found = 0;
  Client client(*hub);
  ASSERT_TRUE(client.begins());
  EXPECT_TRUE(shows(client.list, "night"));
  ASSERT_TRUE(looks_on());
  EXPECT_EQ(door_.found, 0u);
  set_reason("morning");
  EXPECT_TRUE(client.receives([&] { return shows(client.list, "morning"); }));
}

TEST_F(HubTest, refuses_who_joins_while_the_database_is_away_and_keeps_those_who_watch) {
  const auto hub = this->hub({});
  Client first(*hub);
  ASSERT_TRUE(first.begins());
  door_.shut = true;
  ASSERT_TRUE(wait_for([&] { return door_.refused > 0; }));
  Client second(*hub);
  ASSERT_TRUE(second.answered(503));
  EXPECT_EQ(second.problem(), "/problems/database-away");
  set_reason("meanwhile");
  door_.shut = false;
  EXPECT_TRUE(first.receives([&] { return shows(first.list, "meanwhile"); }));
  EXPECT_EQ(first.list.ended(), "");
  Client third(*hub);
  EXPECT_TRUE(third.begins());
}

TEST_F(HubTest, rests_after_a_list_that_could_not_be_read_and_goes_on_looking) {
  const auto hub = this->hub({.relist_every = std::chrono::milliseconds(0)});
  Client client(*hub);
  ASSERT_TRUE(client.begins());
  door_.shut_for_lists = true;
  ASSERT_TRUE(wait_for([&] { return door_.refused > 0; }));
  const int refused = door_.refused;
  const int looks = door_.looks;
  ASSERT_TRUE(wait_for([&] { return door_.looks >= looks + 50; }));
  EXPECT_LT(door_.refused - refused, 50);  // without rest: hundreds between two looks
  set_reason("seen");
  EXPECT_TRUE(client.receives([&] { return shows(client.list, "seen"); }));
}

TEST_F(HubTest, holds_all_devices_once_a_list_was_asked_for_and_follows_them) {
  const auto hub = this->hub({});
  EXPECT_FALSE(list(*hub)) << "nothing is read before somebody asks";
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  EXPECT_TRUE(wait_for([&] { return list(*hub, "rae==lab-1").has_value(); })) << "an index is made";
  set_reason("new");
  EXPECT_TRUE(wait_for([&] {
    const auto page = list(*hub);
    return page && page->items.at(0, item_column("shown_reason")) == "new" &&
           page->items.at(49, item_column("shown_reason")) == "new";
  }));
  database_.execute(
      "UPDATE device_state SET changed_at = now(), ended_at = 300 WHERE"
      " device_session_id = (SELECT min(CAST(device_session_id AS TEXT))::uuid FROM"
      " device_state)");
  EXPECT_TRUE(lists_from_memory(*hub, 49));
}

TEST_F(HubTest, knows_when_a_rae_was_heard_of_last_though_no_device_changed) {
  const auto hub = this->hub({});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  const auto heard_at = [&]() -> std::string {
    const auto page = list(*hub);
    return page ? std::string(page->items.at(0, item_column("rae_last_heard_at"))) : "no list";
  };
  const std::string later = std::to_string(std::stoll(heard_at()) + 1);
  database_.execute("UPDATE rae SET last_heard_at = " + later);
  EXPECT_TRUE(wait_for([&] { return heard_at() == later; })) << heard_at();
}

TEST_F(HubTest, begins_a_watch_with_the_devices_that_it_holds) {
  const auto hub = this->hub({});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  door_.shut_for_lists = true;
  Client client(*hub);
  ASSERT_TRUE(client.begins()) << "without reading its keys";
  EXPECT_EQ(client.list.items().size(), 50u);
  set_reason("new");
  EXPECT_TRUE(client.receives([&] { return shows(client.list, "new"); }));
}

TEST_F(HubTest, begins_no_watch_with_what_it_holds_while_the_database_is_away) {
  const auto hub = this->hub({});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  door_.shut = true;
  ASSERT_TRUE(wait_for([&] { return door_.refused > 0; }));
  Client client(*hub);
  EXPECT_TRUE(client.answered(503));
}

TEST_F(HubTest, finds_by_reading_everything_again_what_no_change_has_told) {
  const auto hub = this->hub({.relist_every = std::chrono::milliseconds(0)});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  database_.execute(
      "DELETE FROM device_session WHERE device_session_id IN (SELECT device_session_id FROM"
      " device_session ORDER BY device_id DESC LIMIT 3)");
  EXPECT_TRUE(lists_from_memory(*hub, 47));
}

TEST_F(HubTest, leaves_lists_to_the_database_while_that_cannot_be_followed) {
  const auto hub = this->hub({});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  door_.shut = true;
  EXPECT_TRUE(wait_for([&] { return !list(*hub); }));
  set_reason("meanwhile");
  door_.shut = false;
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  EXPECT_EQ(list(*hub)->items.at(0, item_column("shown_reason")), "meanwhile");
}

TEST_F(HubTest, reads_everything_again_when_the_registry_falls_behind) {
  const auto hub = this->hub({});
  ASSERT_TRUE(lists_from_memory(*hub, 50));
  database_.execute("UPDATE ingest SET beat_at = now() - INTERVAL '1 hour'");
  EXPECT_TRUE(wait_for([&] {
    const auto page = list(*hub);
    return page && page->items.at(49, item_column("doubt")) == "registry_behind";
  }));
}

TEST_F(HubTest, stops_in_the_middle_of_a_look_and_says_good_bye) {
  const auto hub = this->hub({});
  Client client(*hub);
  ASSERT_TRUE(client.begins());
  door_.held = true;
  ASSERT_TRUE(wait_for([&] { return door_.standing > 0; }));
  std::jthread stopping([&] { hub->stop(); });
  // It has begun to stop when it sends away at once who comes.
  std::vector<std::unique_ptr<Client>> late;
  ASSERT_TRUE(wait_for([&] {
    late.push_back(std::make_unique<Client>(*hub));
    return late.back()->status() == 503;
  }));
  door_.held = false;
  stopping.join();
  EXPECT_TRUE(client.receives([&] { return !client.list.ended().empty(); }));
}

}  // namespace
}  // namespace dmp::registry::api
