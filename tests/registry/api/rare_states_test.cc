// Lists of devices in states that few or many are in: what they answer, and by which index.
#include "registry/api/sql/statements.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

class RareStates : public ApiUnderTest {
 protected:
  // Sessions 1 to `count` on one RAE; `rare` of them are in test, offline and in bad health.
  void add_devices(int count, int rare) {
    add(RaeRow{});
    const std::string key =
        "CAST(lpad(to_hex(i), 8, '0') || '-0000-4000-8000-000000000000' AS UUID)";
    const std::string all = " FROM generate_series(1, " + std::to_string(count) + ") AS i";
    const std::string is_rare = "i > " + std::to_string(count - rare);
    database().execute(
        "INSERT INTO device_session (rae, device_session_id, reader, identity_at, device_id, name,"
        " onboarding_at, onboarding_state) SELECT 'lab-a-1', " +
        key + ", 1, 1, " + key + ", 'Name ' || i % 7, 1, 'active'" + all);
    database().execute(
        "INSERT INTO device_state (rae, device_session_id, reader, seen_at, presence_at,"
        " presence_status, usage_at, usage_state, health_at, health_status) SELECT 'lab-a-1', " +
        key + ", 1, 200, 1, CASE WHEN " + is_rare + " THEN 'offline' ELSE 'online' END, 1," +
        " CASE WHEN " + is_rare + " THEN 'in_test' ELSE 'available' END, 1, CASE WHEN " + is_rare +
        " THEN 'bad' ELSE 'good' END" + all);
    database().execute("ANALYZE device_session");
    database().execute("ANALYZE device_state");
  }

  // The plan of a page's keys, made with the values as they are.
  std::string plan_of(const std::string& filter) {
    api::DevicesQuery query;
    query.filter = *api::parse_filter(filter);
    const api::Statement statement =
        device_keys(query, api::Scope{.rae_patterns = {"%"}, .canary = false}, nullptr, 101);
    std::string text = statement.text;
    for (std::size_t i = statement.values.size(); i > 0; --i) {
      const std::string name = "$" + std::to_string(i);
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
        text.replace(at, name.size(), "'" + statement.values[i - 1] + "'");
      }
    }
    std::string plan;
    for (const auto& row : database().rows("EXPLAIN " + text)) plan += row[0] + "\n";
    return plan;
  }

  Strings page_of(const std::string& parameters) {
    return column(get("/v1/devices?" + parameters), "device_id");
  }
};

TEST_F(RareStates, are_found_by_their_index) {
  add_devices(4000, 8);
  const std::pair<const char*, const char*> cases[] = {
      {"usage==in_test", "device_state_not_available"},
      {"usage!=available", "device_state_not_available"},
      {"blockers==in_test", "device_state_not_available"},
      {"presence==offline", "device_state_not_online"},
      {"health in (bad, looping) && name~\"N*\"", "device_state_unhealthy"}};
  for (const auto& [filter, index] : cases) {
    const std::string plan = plan_of(filter);
    const std::string few = plan.substr(0, plan.find("Append"));
    EXPECT_NE(few.find(index), std::string::npos) << filter << "\n" << plan;
    EXPECT_EQ(plan.find("Seq Scan on device_s"), std::string::npos) << filter << "\n" << plan;
  }
  EXPECT_EQ(plan_of("usage==available").find("few"), std::string::npos);
}

TEST_F(RareStates, are_listed_page_by_page_whether_few_or_many_are_in_them) {
  for (const int rare : {5, 2005}) {
    SCOPED_TRACE(rare);
    ApiUnderTest::SetUp();
    add_devices(2100, rare);
    const int first = 2100 - rare + 1;
    EXPECT_EQ(page_of("usage=in_test&limit=3"),
              (Strings{uuid(first), uuid(first + 1), uuid(first + 2)}));
    EXPECT_EQ(page_of("usage=in_test&limit=2&sort=-device_id"), (Strings{uuid(2100), uuid(2099)}));
    const Json list = get("/v1/devices?presence=offline&limit=3");
    const std::string next = list.at("next");
    EXPECT_EQ(page_of("presence=offline&limit=1&cursor=" + next), Strings{uuid(first + 3)});
    const Json by_name = get("/v1/devices?health=bad&sort=name&limit=2");
    EXPECT_EQ(by_name.at("items")[0].at("identity").at("name"), "Name 0");
    EXPECT_EQ(page_of("usage=in_test&presence=online"), Strings());
  }
}

TEST_F(RareStates, are_unknown_for_every_reason_there_is) {
  add(RaeRow{});
  add(SessionRow{});
  add(SessionRow{.session = 2, .device = 2, .presence = "unknown"});
  add(RaeRow{.rae = "lab-a-2", .status = "offline"});
  add(SessionRow{.rae = "lab-a-2", .session = 3, .device = 3});
  add(RaeRow{.rae = "lab-a-3", .heard_s_ago = 200});
  add(SessionRow{.rae = "lab-a-3", .session = 4, .device = 4});
  add(RaeRow{.rae = "lab-a-4", .presence_at = 300});
  add(SessionRow{.rae = "lab-a-4", .session = 5, .device = 5});  // not confirmed since
  add(SessionRow{.rae = "lab-a-5", .session = 6, .device = 6});  // of a RAE without a row
  add(RaeRow{.rae = "lab-a-6", .bridge = "bridge-of-which-nothing-is-heard"});
  add(SessionRow{.rae = "lab-a-6", .session = 7, .device = 7});
  EXPECT_EQ(page_of("presence=unknown"),
            (Strings{uuid(2), uuid(3), uuid(4), uuid(5), uuid(6), uuid(7)}));
  database().execute("UPDATE ingest SET behind_ms = 61000");
  EXPECT_EQ(page_of("presence=unknown").size(), 7u);
}

}  // namespace
}  // namespace dmp::registry
