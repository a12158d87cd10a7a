// What can be asked for and which values there are, through the whole API from a real PostgreSQL.
#include <map>

#include "registry/api/query/attribute.h"
#include "registry/api/query/target.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class Discovery : public ApiUnderTest {
 protected:
  std::map<std::string, int> values(const std::string& target,
                                    const std::string& token = "see-all") {
    std::map<std::string, int> counts;
    const Json answer = get("/v1/attributes/" + target, 200, token);
    for (const Json& value : answer.at("values")) {
      counts[value.at("value")] = value.at("count");
    }
    return counts;
  }
};

using Counts = std::map<std::string, int>;

TEST_F(Discovery, every_attribute_it_names_can_be_filtered_by_and_its_values_are_counted) {
  add(RaeRow{});
  add(SessionRow{});
  const std::map<std::string, std::string> values = {
      {"text", "x"},    {"word", "unknown"}, {"code", "held"},   {"uuid", uuid(1)},
      {"rae", "lab-a"}, {"number", "7"},     {"boolean", "true"}};
  const Json items = get("/v1/attributes").at("items");
  EXPECT_EQ(items.size(), api::attributes().size());
  for (const Json& item : items) {
    std::string name = item.at("name");
    SCOPED_TRACE(name);
    for (const std::string op : item.at("operators")) {
      const std::string& value = values.at(item.at("type"));
      const std::string filter =
          name + " " + op + (op == "in" ? " (\"" + value + "\")" : " \"" + value + "\"");
      get("/v1/devices?filter=" + api::percent_encode(filter), 200);
    }
    if (item.at("sortable") == true) get("/v1/devices?sort=" + name, 200);
    get("/v1/attributes/" + name, item.at("counted") == true ? 200 : 404);
  }
}

TEST_F(Discovery, values_are_counted_within_the_filter_and_the_callers_raes) {
  add(RaeRow{});
  add(RaeRow{.rae = "lab-b-1"});
  for (int i = 1; i <= 5; ++i) {
    add(SessionRow{
        .session = i, .device = i, .model = i < 4 ? "A" : "B", .health = i == 5 ? "bad" : "good"});
  }
  add(SessionRow{.rae = "lab-b-1", .session = 9, .device = 9, .model = "C"});
  database().execute("INSERT INTO device (device_id, labels) VALUES ('" + uuid(1) +
                     "', '{\"lab\": \"LA\"}'), ('" + uuid(9) +
                     "', '{\"lab\": \"NY\", \"rack\": \"1\"}')");
  EXPECT_EQ(values("model"), (Counts{{"A", 3}, {"B", 2}, {"C", 1}}));
  EXPECT_EQ(values("identity.model?health=good"), (Counts{{"A", 3}, {"B", 1}, {"C", 1}}));
  EXPECT_EQ(values("health"), (Counts{{"bad", 1}, {"good", 5}}));
  EXPECT_EQ(values("provisional"), (Counts{{"false", 6}}));
  EXPECT_EQ(values("labels"), (Counts{{"lab", 2}, {"rack", 1}}));
  EXPECT_EQ(values("labels.lab"), (Counts{{"LA", 1}, {"NY", 1}}));
  EXPECT_EQ(values("model", "see-b"), (Counts{{"C", 1}}));
  EXPECT_EQ(values("labels.lab", "see-b"), (Counts{{"NY", 1}}));
  EXPECT_EQ(values("labels.lab", "see-none"), Counts{});
}

TEST_F(Discovery, sessions_that_have_ended_are_not_counted) {
  add(RaeRow{});
  for (int i = 1; i <= 3; ++i) add(SessionRow{.session = i, .device = i, .model = "A"});
  add(SessionRow{.session = 4, .device = 4, .model = "Gone", .ended_at = 300});
  database().execute("INSERT INTO device (device_id, labels) VALUES ('" + uuid(1) +
                     "', '{\"lab\": \"LA\"}'), ('" + uuid(4) + "', '{\"lab\": \"NY\"}')");
  EXPECT_EQ(values("model"), (Counts{{"A", 3}}));
  EXPECT_EQ(values("health"), (Counts{{"good", 3}}));
  EXPECT_EQ(values("labels.lab"), (Counts{{"LA", 1}}));
  const Json page = get("/v1/devices?count=estimate&limit=1");
  EXPECT_EQ(page.at("count"), 3);
  EXPECT_EQ(page.at("count_is"), "estimate");
}

TEST_F(Discovery, only_the_commonest_values_are_told_and_that_there_are_more) {
  add(RaeRow{});
  database().execute(
      "INSERT INTO device_session (rae, device_session_id, reader, identity_at, device_id, model)"
      " SELECT 'lab-a-1', CAST(md5(CAST(n AS TEXT)) AS UUID), 1, 1,"
      " CAST(md5(CAST(n AS TEXT)) AS UUID), CASE WHEN n < 3 THEN 'Twice' ELSE CAST(n AS TEXT) END"
      " FROM generate_series(1, 102) n");
  const Json answer = get("/v1/attributes/model");
  EXPECT_EQ(answer.at("values").size(), 100u);
  EXPECT_EQ(answer.at("values")[0], Json::parse(R"({"value":"Twice","count":2})"));
  EXPECT_EQ(answer.at("complete"), false);
}

}  // namespace
}  // namespace dmp::registry
