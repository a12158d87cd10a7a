// A device's past as bars, read through the whole API from a real PostgreSQL.
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class TimelineOf : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    add(SessionRow{});
  }

  Json timeline(const std::string& parameters) {
    return get("/v1/devices/" + uuid(1) + "/timeline?" + parameters);
  }

  static std::string presence(const std::string& status) {
    return R"({"presence":{"timestamp":1,"status":")" + status + "\"}}";
  }
};

TEST_F(TimelineOf, a_device_is_what_its_sessions_said) {
  add(EventRow{.timestamp = 1, .received_at = 1000, .facets = presence("online")});
  add(EventRow{.timestamp = 2,
               .received_at = 2000,
               .facets = R"({"usage":{"timestamp":2,"state":"in_test","holder":"run 7"}})"});
  add(EventRow{.timestamp = 3, .received_at = 2500, .facets = R"({"network":{"timestamp":3}})"});
  add(EventRow{.timestamp = 4, .received_at = 3000, .facets = presence("offline")});
  EXPECT_EQ(timeline("from=500&to=4000"),
            Json::parse(R"({"from":500,"to":4000,"known_from":1000,"sessions":[{"rae":"lab-a-1",
              "device_session_id":")" +
                        uuid(1) + R"(",
              "presence":[{"from":1000,"to":3000,"status":"online"},
                          {"from":3000,"to":4000,"status":"offline"}],
              "usage":[{"from":2000,"to":4000,"state":"in_test","holder":"run 7"}]}]})"));
  EXPECT_EQ(timeline("from=1500&to=1600").at("sessions")[0].at("presence"),
            Json::parse(R"([{"from":1500,"to":1600,"status":"online"}])"));
}

TEST_F(TimelineOf, a_device_says_from_when_on_something_is_known) {
  EXPECT_TRUE(timeline("").at("known_from").is_null());
  add(EventRow{.timestamp = 1, .received_at = 1000, .facets = presence("online")});
  const Json answer = timeline("from=1&to=900");
  EXPECT_EQ(answer.at("known_from"), 1000);
  EXPECT_EQ(answer.at("sessions"), Json::array());
}

TEST_F(TimelineOf, a_device_covers_the_last_day_and_nothing_to_come) {
  const Json answer = timeline("to=9000000000000000");
  const auto from = answer.at("from").get<std::int64_t>();
  const auto to = answer.at("to").get<std::int64_t>();
  EXPECT_LT(to, 9000000000000000);
  EXPECT_EQ(to - from, 86400000000);
}

TEST_F(TimelineOf, a_device_that_moved_has_bars_of_both_raes) {
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{.rae = "lab-b-1", .session = 2});
  add(EventRow{.timestamp = 1, .received_at = 1000, .facets = presence("online")});
  add(EventRow{.timestamp = 2, .received_at = 2000, .kind = "ended", .reason = "removed"});
  add(EventRow{.rae = "lab-b-1",
               .session = 2,
               .timestamp = 1,
               .received_at = 3000,
               .facets = presence("standby")});
  const Json sessions = timeline("from=1&to=5000").at("sessions");
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].at("presence"),
            Json::parse(R"([{"from":1000,"to":2000,"status":"online"}])"));
  EXPECT_EQ(sessions[1].at("presence"),
            Json::parse(R"([{"from":3000,"to":5000,"status":"standby"}])"));
}

}  // namespace
}  // namespace dmp::registry
