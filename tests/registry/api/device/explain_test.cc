// Why a device can, or cannot, be used, read through the whole API from a real PostgreSQL.
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class Explain : public ApiUnderTest {
 protected:
  Json explain() { return get("/v1/devices/" + uuid(1) + "/explain"); }
};

TEST_F(Explain, a_device_that_can_be_used_has_no_blockers) {
  add(RaeRow{});
  add(SessionRow{});
  const Json answer = explain();
  EXPECT_EQ(answer.at("schedulable"), true);
  EXPECT_EQ(answer.at("blockers"), Json::array());
  EXPECT_EQ(answer.at("device_id"), uuid(1));
  EXPECT_GT(answer.at("rae_last_heard_at").get<std::int64_t>(), 0);
  EXPECT_EQ(answer.at("events").at("items"), Json::array());
}

TEST_F(Explain, each_blocker_comes_with_its_evidence_and_what_to_do) {
  add(RaeRow{});
  add(SessionRow{.presence = "offline", .usage = "in_test", .health = "looping"});
  database().execute(
      "UPDATE device_state SET presence_reason = 'link_down', presence_source = 'neighbour',"
      " presence_observed_at = 88, usage_holder = 'run 7', health_source = 'roku-ecp'");
  const Json answer = explain();
  EXPECT_EQ(codes(answer), (std::vector<std::string>{"offline", "in_test", "unhealthy"}));
  const Json& offline = answer.at("blockers")[0];
  const Json& presence = offline.at("evidence").at("presence");
  EXPECT_EQ(presence, Json::parse(R"({"status":"offline","reason":"link_down","changed_at":77,
                                      "observed_at":88,"source":"neighbour"})"));
  EXPECT_EQ(offline.at("diagnosis").at("rule"), "link-down");
  EXPECT_EQ(offline.at("diagnosis").at("cause"), "lan");
  EXPECT_EQ(offline.at("diagnosis").at("transient"), false);
  EXPECT_EQ(answer.at("blockers")[1].at("evidence"),
            Json::parse(R"({"usage":{"state":"in_test","holder":"run 7"}})"));
  EXPECT_EQ(answer.at("blockers")[1].at("diagnosis").at("cause"), "user");
  EXPECT_EQ(answer.at("blockers")[2].at("diagnosis").at("rule"), "looping");
}

TEST_F(Explain, a_lost_rae_is_the_cause_whatever_its_devices_said_last) {
  add(RaeRow{.status = "offline"});
  add(SessionRow{});
  const Json blocker = explain().at("blockers")[0];
  EXPECT_EQ(blocker.at("code"), "rae_lost");
  EXPECT_EQ(blocker.at("diagnosis").at("cause"), "rae");
  EXPECT_TRUE(blocker.at("evidence").contains("rae_last_heard_at"));
}

TEST_F(Explain, what_no_rule_knows_is_said_to_be_unknown) {
  add(RaeRow{});
  add(SessionRow{.presence = "offline"});
  database().execute("UPDATE device_state SET presence_reason = 'swallowed by a whale'");
  EXPECT_TRUE(explain().at("blockers")[0].at("diagnosis").is_null());
}

TEST_F(Explain, the_newest_events_are_part_of_it) {
  add(RaeRow{});
  add(SessionRow{});
  for (int i = 1; i <= 12; ++i) add(EventRow{.timestamp = i, .received_at = i});
  const Json events = explain().at("events");
  ASSERT_EQ(events.at("items").size(), 10u);
  EXPECT_EQ(events.at("items")[0].at("timestamp"), 12);
  const std::string next = events.at("next");
  EXPECT_EQ(get("/v1/devices/" + uuid(1) + "/events?cursor=" + next).at("items").size(), 2u);
}

}  // namespace
}  // namespace dmp::registry
