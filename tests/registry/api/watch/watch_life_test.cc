// The watch in its server's life: its bounds, tokens replaced, the database away, stopping; and
// some of the program behind HAProxy, killed one after the other. A program of its own, because
// there is one listener per process.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fixtures/logged_program.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/api/http_client.h"
#include "tests/registry/api/own_server.h"
#include "tests/registry/api/watch/watch_client.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;
using test::LoggedProgram;
using test::wait_for;

constexpr const char* kWatch = "/v1/devices?watch=1";

class OwnWatch : public OwnServer {
 protected:
  void SetUp() override {
    OwnServer::SetUp();
    // The registry is up to date and the RAE heard of, for longer than any test.
    database().execute(
        "INSERT INTO ingest (topic, partition, beat_at) VALUES"
        " ('dmp.agents', 0, now() + INTERVAL '1 hour')");
    database().execute(
        "INSERT INTO rae (rae, presence_at, presence_status, last_heard_at, roster_at) VALUES"
        " ('lab-1', 1, 'online', CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) + 3600000000,"
        " 1)");
    add_devices(100);
  }

  static void add_devices(int count) {
    database().execute(
        "INSERT INTO device_session (rae, device_session_id, reader, device_id, identity_at)"
        " SELECT 'lab-1', gen_random_uuid(), 1, gen_random_uuid(), 1 FROM generate_series(1, " +
        std::to_string(count) + ")");
    database().execute(
        "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_status)"
        " SELECT rae, device_session_id, 1, 200, 'online' FROM device_session"
        " ON CONFLICT DO NOTHING");
  }

  // Every device's, at once.
  static void set_reason(const std::string& reason) {
    database().execute("UPDATE device_state SET changed_at = now(), presence_reason = '" + reason +
                       "'");
  }

  static bool shows(const WatchClient& client, const std::string& reason, std::size_t devices) {
    if (client.list.items().size() != devices) return false;
    for (const auto& [id, item] : client.list.items()) {
      if (Json::parse(item).at("presence").value("reason", "") != reason) return false;
    }
    return true;
  }

  static bool begin(WatchClient& client) {
    return client.connect() == 200 &&
           client.receive_until([&] { return client.list.count("synced") > 0; });
  }
};

TEST_F(OwnWatch, serves_so_many_clients_and_tells_the_others_what_to_do) {
  run({.watchers_max = 2});
  WatchClient one(server_->port(), kWatch, "secret");
  WatchClient two(server_->port(), kWatch, "secret");
  WatchClient three(server_->port(), kWatch, "secret");
  ASSERT_TRUE(begin(one) && begin(two));
  ASSERT_EQ(three.connect(), 503);
  EXPECT_EQ(Json::parse(three.problem).at("type"), "/problems/too-many-watchers");
}

TEST_F(OwnWatch, keeps_so_much_and_ends_a_watch_of_more) {
  add_devices(4000);
  run({.watch_mib_max = 1});
  WatchClient client(server_->port(), kWatch, "secret");
  const int status = client.connect();
  if (status == 200) {
    ASSERT_TRUE(client.receive_until([&] { return !client.list.ended().empty(); }));
    EXPECT_EQ(Json::parse(client.list.ended()).at("reason"), "too_much_watched");
  } else {
    EXPECT_EQ(status, 503);
    EXPECT_EQ(Json::parse(client.problem).at("type"), "/problems/too-much-watched");
  }
  WatchClient less(server_->port(), std::string(kWatch) + "&model=none", "secret");
  EXPECT_TRUE(begin(less));
}

TEST_F(OwnWatch, ends_when_the_token_may_see_something_else_or_nothing) {
  run();
  WatchClient client(server_->port(), kWatch, "secret");
  ASSERT_TRUE(begin(client));
  write_tokens("lab-2");
  ASSERT_TRUE(client.receive_until([&] { return !client.connected(); }));
  EXPECT_EQ(Json::parse(client.list.ended()).at("reason"), "token_changed");
  // The id it has is of what it may not see any more.
  EXPECT_EQ(client.connect(), 400);
  write_tokens("*", std::string(64, '0'));
  EXPECT_TRUE(wait_for([&] { return client.connect() == 401; }));
}

TEST_F(OwnWatch, a_client_that_left_makes_room) {
  run({.watchers_max = 1});
  {
    WatchClient client(server_->port(), kWatch, "secret");
    ASSERT_TRUE(begin(client));
  }
  // Noticed when something is sent to it.
  WatchClient next(server_->port(), kWatch, "secret");
  int turn = 0;
  EXPECT_TRUE(wait_for([&] {
    set_reason("turn " + std::to_string(++turn));
    return next.connect() == 200;
  }));
}

TEST_F(OwnWatch, lives_through_an_outage_of_the_database) {
  run();
  WatchClient client(server_->port(), kWatch, "secret");
  ASSERT_TRUE(begin(client));
  if (!test::TestDatabase::stop_server()) GTEST_SKIP() << "DMP_TEST_DATABASE is not ours to stop";
  ASSERT_TRUE(wait_for([&] { return !server_->ready().good; }));
  WatchClient other(server_->port(), std::string(kWatch) + "&model=x", "secret");
  EXPECT_EQ(other.connect(), 503);
  test::TestDatabase::start_server();
  set_reason("after");
  EXPECT_TRUE(client.receive_until([&] { return shows(client, "after", 100); }));
  EXPECT_EQ(client.connects, 1);
}

TEST_F(OwnWatch, says_good_bye_when_it_stops_though_some_take_nothing) {
  add_devices(3000);
  run();
  WatchClient client(server_->port(), kWatch, "secret");
  WatchClient stuck(server_->port(), kWatch, "secret", 4096);
  ASSERT_TRUE(begin(client));
  ASSERT_EQ(stuck.connect(), 200);
  for (int round = 0; round < 3; ++round) {  // more than the sockets hold
    const std::string reason = std::to_string(round) + std::string(200, '.');
    set_reason(reason);
    ASSERT_TRUE(client.receive_until([&] { return shows(client, reason, 3100); }));
  }
  const int port = server_->port();
  std::thread stopping([&] { server_->stop(); });
  EXPECT_TRUE(client.receive_until([&] { return !client.connected(); }));
  EXPECT_EQ(Json::parse(client.list.ended()).at("reason"), "stopping");
  stopping.join();
  EXPECT_FALSE(HttpClient(port).connected());
}

// --- programs ---

class Instances : public OwnWatch {
 protected:
  void SetUp() override {
    OwnWatch::SetUp();
    folder_ = std::filesystem::temp_directory_path() / ("dmp-two-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    OwnWatch::TearDown();
  }

  std::unique_ptr<LoggedProgram> registry(const std::string& name) {
    return std::make_unique<LoggedProgram>(
        DMP_REGISTRY_PROGRAM,
        std::vector<std::string>{"serve", "--roles", "api", "--database",
                                 database().connection_string(), "--tokens", tokens_.string(),
                                 "--api-port", "0"},
        folder_ / (name + ".log"));
  }

  std::unique_ptr<LoggedProgram> proxy(const std::vector<int>& ports) {
    const auto config = folder_ / "haproxy.cfg";
    {
      std::ofstream file(config);
      file << "defaults\n mode http\n option http-no-delay\n timeout connect 1s\n"
              " timeout client 30s\n timeout server 45s\n option redispatch\n retries 2\n"
              "frontend edge\n bind fd@3\n default_backend watch\n"
              "backend watch\n balance roundrobin\n";
      for (const int port : ports) {
        file << " server r" << port << " 127.0.0.1:" << port
             << " check inter 500ms fall 3 rise 1\n";
      }
    }
    return std::make_unique<LoggedProgram>("/usr/sbin/haproxy",
                                           std::vector<std::string>{"-db", "-f", config.string()},
                                           folder_ / "haproxy.log", edge_port_.fd());
  }

  std::filesystem::path folder_;
  const TakenPort edge_port_;
};

TEST_F(Instances, killed_hand_their_clients_to_the_others_without_a_gap) {
  std::vector<std::unique_ptr<LoggedProgram>> registries;
  std::vector<int> ports;
  for (const char* name : {"one", "two", "three"}) {
    registries.push_back(registry(name));
    ports.push_back(registries.back()->number_after(" api_port="));
    ASSERT_GT(ports.back(), 0) << registries.back()->said();
  }
  const auto edge = proxy(ports);
  std::vector<std::unique_ptr<WatchClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<WatchClient>(edge_port_.port(), kWatch, "secret"));
    ASSERT_TRUE(wait_for([&] { return begin(*clients.back()); })) << edge->said();
  }
  const auto all_show = [&](const std::string& reason) {
    for (auto& client : clients) {
      if (!client->receive_until([&] { return shows(*client, reason, 100); }, true)) return false;
    }
    return true;
  };
  set_reason("before");
  ASSERT_TRUE(all_show("before"));
  registries[0]->kill();
  set_reason("one is gone");
  EXPECT_TRUE(all_show("one is gone"));
  int moved = 0;
  for (auto& client : clients) moved += client->connects > 1 ? 1 : 0;
  EXPECT_GT(moved, 0);
  registries[1]->kill();
  set_reason("two is gone");
  EXPECT_TRUE(all_show("two is gone"));
}

TEST_F(Instances, what_one_instance_began_the_other_goes_on_with) {
  const auto one = registry("one");
  const auto two = registry("two");
  const int one_port = one->number_after(" api_port=");
  const int two_port = two->number_after(" api_port=");
  WatchClient first(one_port, kWatch, "secret");
  ASSERT_TRUE(wait_for([&] { return begin(first); })) << one->said();
  WatchClient second(two_port, kWatch, "secret");
  second.list = first.list;
  ASSERT_TRUE(wait_for([&] { return second.connect() == 200; })) << second.problem << two->said();
  set_reason("on the other");
  EXPECT_TRUE(second.receive_until([&] { return shows(second, "on the other", 100); }));
  EXPECT_EQ(second.lists_begun, 0);
}

}  // namespace
}  // namespace dmp::registry
