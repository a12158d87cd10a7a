// A single device from memory beside the same one read from a real PostgreSQL.
#include <random>

#include "registry/api/sql/statements.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

constexpr int kDevices = 60;
constexpr int kOfManySessions = kDevices + 1;
constexpr const char* kTokens[] = {"see-all", "see-a", "see-b", "see-none"};

class SingleDevice : public ApiUnderTest {
 protected:
  static HttpAnswer read(int from_port, int device, const std::string& token = "see-all",
                         const std::string& headers = "", const std::string& parameters = "") {
    return HttpClient(from_port).get("/v1/devices/" + uuid(device) + parameters, token, "GET",
                                     headers);
  }

  static std::string etag_of(const HttpAnswer& answer) {
    const auto found = answer.headers.find("etag");
    return found == answer.headers.end() ? "" : found->second;
  }

  // What a caller can tell apart.
  static std::string shown(const HttpAnswer& answer) {
    return std::to_string(answer.status) + " " + etag_of(answer) + " " + answer.body;
  }

  template <class T>
  T any_of(std::initializer_list<T> values) {
    return values.begin()[random_() % values.size()];
  }

  void add_session(int device) {
    SessionRow row{.rae = any_of({"lab-a-1", "lab-a-2", "lab-b-1", "lab-c-1", "canary-1"}),
                   .session = ++sessions_,
                   .device = device,
                   .model = "Model " + std::to_string(sessions_)};
    row.presence = any_of({"online", "online", "standby", "offline", "unknown"});
    row.usage = any_of({"available", "in_test"});
    row.health = any_of({"good", "bad"});
    row.seen_at = any_of({200, 200, 200, 105, 99});  // behind the RAE's presence, its roster
    row.ended_at = any_of({0, 0, 0, 0, 300});
    row.first_received_s_ago = any_of({60, 60, 120, 3600});  // often the same
    add(row);
  }

  // Devices with none to four sessions, and one with more than are shown; a RAE that is lost, one
  // whose roster is older than its presence, one without a row, the canary's.
  void add_zoo() {
    add(RaeRow{});
    add(RaeRow{.rae = "lab-a-2", .presence_at = 110});
    add(RaeRow{.rae = "lab-b-1", .status = "offline"});
    add(RaeRow{.rae = "canary-1"});
    for (int device = 1; device <= kDevices; ++device) {
      for (int session = 0; session < device % 5; ++session) add_session(device);
    }
    for (int session = 0; session < 90; ++session) add_session(kOfManySessions);
    database().execute(
        "INSERT INTO device (device_id, labels, note, hold_by, hold_reason, hold_until, revision)"
        " SELECT device_id, CASE WHEN n % 2 = 0 THEN '{\"lab\": \"L\\\"A\", \"rack\": \"1\"}' ELSE"
        " '{}' END::jsonb, CASE WHEN n % 3 = 0 THEN 'broken' ELSE '' END, CASE WHEN n % 4 < 3 THEN"
        " 'ann' ELSE '' END, CASE WHEN n % 5 = 0 THEN 'repair' ELSE '' END, CASE n % 4 WHEN 0 THEN"
        " now() - INTERVAL '1 hour' WHEN 1 THEN now() + INTERVAL '1 hour' END, n % 7 FROM (SELECT"
        " device_id, row_number() OVER (ORDER BY device_id) AS n FROM (SELECT DISTINCT device_id"
        " FROM device_session) d) numbered WHERE n % 6 > 0");
    trust_for_an_hour();
  }

  // The first device that is not the same to somebody; 0: there is none.
  static int first_difference(int memory) {
    for (int device = 1; device <= kOfManySessions; ++device) {
      for (const char* token : kTokens) {
        if (shown(read(memory, device, token)) != shown(read(port(), device, token))) return device;
      }
    }
    return 0;
  }

  std::mt19937 random_{20260301};
  int sessions_ = 0;
};

TEST_F(SingleDevice, from_memory_is_byte_for_byte_that_of_the_database_whoever_asks) {
  add_zoo();
  const int memory = port_from_memory();
  const int before = devices_from_memory();
  int found = 0;
  for (int device = 1; device <= kOfManySessions; ++device) {
    for (const char* token : kTokens) {
      const HttpAnswer stored = read(port(), device, token);
      ASSERT_EQ(shown(read(memory, device, token)), shown(stored)) << token;
      if (stored.status == 404) continue;
      ++found;
      const std::string known = "If-None-Match: " + etag_of(stored) + "\r\n";
      EXPECT_EQ(shown(read(memory, device, token, known)), "304 " + etag_of(stored) + " ");
      EXPECT_EQ(read(memory, device, token, "If-None-Match: \"0.0\"\r\n").status, 200);
    }
  }
  EXPECT_GT(found, 60);
  EXPECT_EQ(devices_from_memory(), before + 3 * found) << "all that there are, and nothing else";
}

TEST_F(SingleDevice, with_many_sessions_shows_the_first_in_scope_that_fit) {
  add_zoo();
  const auto device =
      nlohmann::json::parse(read(port_from_memory(), kOfManySessions).body).at("sessions");
  EXPECT_EQ(device.size(), static_cast<std::size_t>(api::kSessionsPerDeviceMax));
  const auto of_a =
      nlohmann::json::parse(read(port_from_memory(), kOfManySessions, "see-a").body).at("sessions");
  EXPECT_LT(of_a.size(), device.size());
  for (const auto& session : of_a)
    EXPECT_EQ(session.at("rae").get<std::string>().find("lab-a"), 0u);
  EXPECT_EQ(of_a.at(0).at("current"), true);
  EXPECT_EQ(of_a.at(1).at("current"), false);
}

TEST_F(SingleDevice, is_the_databases_with_the_canary_and_in_the_past) {
  add_zoo();
  const int memory = port_from_memory();
  const int before = devices_from_memory();
  for (int device = 1; device <= kOfManySessions; ++device) {
    EXPECT_EQ(shown(read(memory, device, "see-all", "", "?canary=1")),
              shown(read(port(), device, "see-all", "", "?canary=1")));
    EXPECT_NE(read(memory, device, "see-all", "", "?at=1").status, 304);
  }
  EXPECT_EQ(devices_from_memory(), before);
}

TEST_F(SingleDevice, that_has_just_come_is_found_though_memory_does_not_hold_it) {
  add(RaeRow{});
  const int memory = port_from_memory();
  for (int device = 1; device <= 20; ++device) {
    EXPECT_EQ(read(memory, device).status, 404);
    add(SessionRow{.session = device, .device = device});
    EXPECT_EQ(read(memory, device).status, 200);
  }
}

TEST_F(SingleDevice, from_memory_follows_what_changes) {
  add_zoo();
  const int memory = port_from_memory();
  const char* changes[] = {
      "UPDATE device_state SET changed_at = now(), ended_at = 400 - ended_at"
      " WHERE substr(CAST(device_session_id AS TEXT), 8, 1) = '3'",
      "UPDATE device_state SET changed_at = now(), presence_status = 'standby'"
      " WHERE substr(CAST(device_session_id AS TEXT), 8, 1) < '8'",
      "UPDATE device SET changed_at = now(), labels = '{\"row\": \"2\"}', revision = revision + 1",
      "UPDATE rae SET changed_at = now(), presence_status = CASE presence_status WHEN 'online'"
      " THEN 'offline' ELSE 'online' END",
      "UPDATE rae SET changed_at = now(), roster_at = 150",
      "UPDATE device_session SET changed_at = now(), device_id = NULL"
      " WHERE substr(CAST(device_session_id AS TEXT), 8, 1) = '1'"};
  for (const char* change : changes) {
    database().execute(change);
    ASSERT_TRUE(test::wait_for([&] { return first_difference(memory) == 0; }))
        << change << ": device " << first_difference(memory);
  }
}

}  // namespace
}  // namespace dmp::registry
