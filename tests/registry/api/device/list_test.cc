// The list of devices, read through the whole API from a real PostgreSQL.
#include <algorithm>
#include <random>
#include <set>

#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Strings = std::vector<std::string>;

class DeviceListOf : public ApiUnderTest {};

TEST_F(DeviceListOf, a_device_tells_who_and_where_it_is) {
  add(RaeRow{});
  add(SessionRow{});
  database().execute(
      "UPDATE device_session SET manufacturer = 'Roku', serial = 'X1', esn = 'E\"1', network_at = "
      "1,"
      " mac = '00:11:22:33:44:55', ipv4 = '10.0.0.7', port = 8060, network_observed_at = 42,"
      " network_source = 'lease', interfaces = '[{\"name\":\"eth0\"}]', software_at = 1,"
      " firmware_version = '12.0.0', onboarding_state_text = ''");
  const auto list = get("/v1/devices");
  ASSERT_EQ(list.at("items").size(), 1u);
  const auto& item = list.at("items")[0];
  EXPECT_EQ(item.at("device_id"), uuid(1));
  EXPECT_EQ(item.at("device_session_id"), uuid(1));
  EXPECT_EQ(item.at("rae"), "lab-a-1");
  EXPECT_EQ(item.at("schedulable"), true);
  EXPECT_EQ(item.at("blockers").size(), 0u);
  EXPECT_EQ(item.at("presence"), nlohmann::json::parse(R"({"status":"online","changed_at":77})"));
  EXPECT_EQ(item.at("identity").at("manufacturer"), "Roku");
  EXPECT_EQ(item.at("identity").at("esn"), "E\"1");
  EXPECT_EQ(item.at("network"), nlohmann::json::parse(R"({"mac":"00:11:22:33:44:55",
      "ipv4":"10.0.0.7","port":8060,"interfaces":[{"name":"eth0"}],"observed_at":42,
      "source":"lease"})"));
  EXPECT_EQ(item.at("software"), nlohmann::json::parse(R"({"firmware_version":"12.0.0"})"));
  EXPECT_EQ(item.at("revision"), 0);
  EXPECT_TRUE(list.at("next").is_null());
}

TEST_F(DeviceListOf, filters_pass_what_they_name_and_nothing_else) {
  add(RaeRow{});
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{});
  add(SessionRow{.session = 2, .device = 2, .model = "Model 2", .presence = "offline"});
  add(SessionRow{.rae = "lab-b-1", .session = 3, .device = 3, .presence = "standby"});
  add(SessionRow{.rae = "lab-b-1", .session = 4, .device = 4, .usage = "in_test"});
  add(SessionRow{.rae = "lab-b-1", .session = 5, .device = 5, .seen_at = 99});  // not on the roster
  add(SessionRow{.session = 6, .device = 6, .ended_at = 300});
  add(SessionRow{.session = 7, .device = 0});
  const struct {
    const char* query;
    Strings expected;
  } cases[] = {
      {"", {uuid(1), uuid(2), uuid(3), uuid(4)}},
      {"?presence=online", {uuid(1), uuid(4)}},
      {"?presence=offline", {uuid(2)}},
      {"?presence=standby", {uuid(3)}},
      {"?presence=unknown", {}},
      {"?model=Model+1", {uuid(1), uuid(3), uuid(4)}},
      {"?model=Model%202", {uuid(2)}},
      {"?model=model%202", {}},
      {"?model='%20OR%20true--", {}},
      {"?rae=lab-b-1", {uuid(3), uuid(4)}},
      {"?rae=lab-b-1&model=Model+1&presence=online", {uuid(4)}},
      {"?schedulable=true", {uuid(1)}},
      {"?schedulable=false", {uuid(2), uuid(3), uuid(4)}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.query);
    EXPECT_EQ(column(get(std::string("/v1/devices") + c.query), "device_id"), c.expected);
  }
}

TEST_F(DeviceListOf, a_filter_on_unknown_finds_devices_of_a_lost_rae) {
  add(RaeRow{.status = "offline"});
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .device = 2});
  EXPECT_EQ(column(get("/v1/devices?presence=unknown"), "device_id"), Strings{uuid(1)});
  EXPECT_EQ(column(get("/v1/devices?presence=online"), "device_id"), Strings{uuid(2)});
}

TEST_F(DeviceListOf, a_device_with_two_sessions_is_listed_once_by_its_current_one) {
  add(RaeRow{});
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{.session = 1, .presence = "offline", .first_received_s_ago = 1});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .model = "Model 2", .first_received_s_ago = 90});
  EXPECT_EQ(column(get("/v1/devices"), "device_session_id"), Strings{uuid(2)});
  EXPECT_EQ(column(get("/v1/devices?presence=offline"), "device_id"), Strings{});
  EXPECT_EQ(column(get("/v1/devices?rae=lab-a-1"), "device_id"), Strings{});
  database().execute("UPDATE device_state SET presence_status = 'offline'");
  EXPECT_EQ(column(get("/v1/devices"), "device_session_id"), Strings{uuid(1)});
}

TEST_F(DeviceListOf, a_device_with_more_sessions_than_a_page_has_rows_is_listed_once) {
  add(RaeRow{});
  add(SessionRow{.session = 100, .device = 1});
  for (int i = 1; i <= 7; ++i) add(SessionRow{.session = i, .device = 2, .presence = "offline"});
  add(SessionRow{.session = 101, .device = 3});
  Strings all;
  std::string cursor;
  for (int page = 0; page < 20; ++page) {
    const auto list = get("/v1/devices?limit=1" + cursor);
    for (const auto& id : column(list, "device_id")) all.push_back(id);
    if (list.at("next").is_null()) break;
    cursor = "&cursor=" + list.at("next").get<std::string>();
  }
  EXPECT_EQ(all, (Strings{uuid(1), uuid(2), uuid(3)}));
}

TEST_F(DeviceListOf, canary_devices_are_listed_only_on_request) {
  add(RaeRow{.rae = "canary-7-1"});
  add(SessionRow{.rae = "canary-7-1"});
  EXPECT_EQ(column(get("/v1/devices"), "device_id"), Strings{});
  EXPECT_EQ(column(get("/v1/devices?canary=1"), "device_id"), Strings{uuid(1)});
  EXPECT_EQ(column(get("/v1/raes"), "rae"), Strings{});
  EXPECT_EQ(column(get("/v1/raes?canary=1"), "rae"), Strings{"canary-7-1"});
  get("/v1/devices/" + uuid(1), 404);
  get("/v1/devices/" + uuid(1) + "?canary=1", 200);
}

// Devices 1 to 1000; those of which the number is divisible by 3 are offline.
void add_thousand(const test::TestDatabase& database) {
  const std::string numbered =
      "(SELECT n, CAST(lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000' AS UUID) AS id"
      " FROM generate_series(1, 1000) n) k";
  database.execute(
      "INSERT INTO device_session (rae, device_session_id, reader, identity_at, device_id, model)"
      " SELECT 'lab-a-1', id, 1, 1, id, 'Model ' || (n % 5) FROM " +
      numbered);
  database.execute(
      "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_at,"
      " presence_status) SELECT 'lab-a-1', id, 1, 200, 1,"
      " CASE WHEN n % 3 = 0 THEN 'offline' ELSE 'online' END FROM " +
      numbered);
}

TEST_F(DeviceListOf, pages_neither_skip_nor_repeat_while_rows_change) {
  add(RaeRow{});
  add_thousand(database());
  std::mt19937 random(20260101);
  const std::pair<std::string, std::size_t> filters[] = {
      {"", 1000}, {"&presence=online", 667}, {"&presence=offline", 333}, {"&model=Model+3", 200}};
  for (const auto& [filter, expected] : filters) {
    const Strings steady = column(get("/v1/devices?limit=500" + filter), "device_id");
    Strings all;
    std::string cursor;
    for (int page = 0; page < 100; ++page) {
      const int limit = 1 + static_cast<int>(random() % 200);
      const auto list = get("/v1/devices?limit=" + std::to_string(limit) + filter + cursor);
      EXPECT_LE(list.at("items").size(), static_cast<std::size_t>(limit));
      for (const auto& id : column(list, "device_id")) all.push_back(id);
      if (list.at("next").is_null()) break;
      cursor = "&cursor=" + list.at("next").get<std::string>();
      // Every row moves; none leaves the filter.
      database().execute("UPDATE device_state SET changed_at = now(), presence_reason = 'churn'");
      database().execute("UPDATE device_session SET hostname = 'churn'");
    }
    SCOPED_TRACE(filter);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
    ASSERT_EQ(all.size(), expected);
    EXPECT_TRUE(std::equal(steady.begin(), steady.end(), all.begin()));
  }
}

TEST_F(DeviceListOf, a_filter_that_hardly_anything_passes_ends_with_a_short_page_and_goes_on) {
  add(RaeRow{});
  database().execute(
      "INSERT INTO device_session (rae, device_session_id, reader, identity_at, device_id,"
      " onboarding_at, onboarding_state)"
      " SELECT 'lab-a-1', CAST(md5(CAST(n AS TEXT)) AS UUID), 1, 1, CAST(md5(CAST(n AS TEXT)) AS "
      "UUID), 1, 'active'"
      " FROM generate_series(1, 6000) n");
  database().execute(
      "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_at,"
      " presence_status) SELECT rae, device_session_id, 1, 200, 1, 'online' FROM device_session");
  const std::string last = database().cell(
      "UPDATE device_session SET onboarding_state = 'failed' WHERE device_session_id ="
      " (SELECT device_session_id FROM device_session ORDER BY device_id DESC LIMIT 1)"
      " RETURNING CAST(device_session_id AS TEXT)");
  const auto first = get("/v1/devices?schedulable=false");
  EXPECT_EQ(first.at("items").size(), 0u);
  ASSERT_FALSE(first.at("next").is_null());
  const auto second =
      get("/v1/devices?schedulable=false&cursor=" + first.at("next").get<std::string>());
  EXPECT_EQ(column(second, "device_id"), Strings{last});
  EXPECT_TRUE(second.at("next").is_null());
}

TEST_F(DeviceListOf, a_cursor_serves_only_the_filter_it_was_made_for) {
  add(RaeRow{});
  add(SessionRow{});
  add(SessionRow{.session = 2, .device = 2});
  const std::string cursor = get("/v1/devices?limit=1").at("next");
  EXPECT_EQ(column(get("/v1/devices?limit=7&cursor=" + cursor), "device_id"), Strings{uuid(2)});
  EXPECT_EQ(get("/v1/devices?presence=online&cursor=" + cursor, 400).at("type"),
            "/problems/bad-cursor");
  EXPECT_EQ(get("/v1/raes?cursor=" + cursor, 400).at("type"), "/problems/bad-cursor");
}

}  // namespace
}  // namespace dmp::registry
