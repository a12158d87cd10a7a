// A device as it was, and what changed between two times, read through the whole API from a real
// PostgreSQL.
#include <random>

#include "registry/adapters/pqxx_store.h"
#include "tests/registry/api/api_under_test.h"
#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kHourUs = std::int64_t{3600} * 1'000'000;

class PastOf : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    now_us_ = std::stoll(database().cell("SELECT now_us FROM read_clock"));
  }

  [[nodiscard]] std::int64_t hours_ago(int hours) const { return now_us_ - hours * kHourUs; }

  static std::string software(const std::string& firmware) {
    return R"({"software":{"timestamp":1,"firmware_version":")" + firmware + R"("}})";
  }

  Json at(std::int64_t time_us, int expected_status = 200) {
    return get("/v1/devices/" + uuid(1) + "?at=" + std::to_string(time_us), expected_status);
  }
  Json diff(const std::string& parameters, int expected_status = 200) {
    return get("/v1/devices/" + uuid(1) + "/diff?" + parameters, expected_status);
  }
  static std::string from_to(std::int64_t from_us, std::int64_t to_us) {
    return "from=" + std::to_string(from_us) + "&to=" + std::to_string(to_us);
  }

  std::int64_t now_us_ = 0;
};

TEST_F(PastOf, a_device_is_what_it_said_until_then) {
  add(SessionRow{.first_received_s_ago = 100 * 3600});
  add(EventRow{.timestamp = 10, .received_at = hours_ago(50), .facets = software("1.0")});
  add(EventRow{.timestamp = 20, .received_at = hours_ago(30), .facets = software("2.0")});
  const Json answer = at(hours_ago(40));
  EXPECT_EQ(answer.at("software"), Json::parse(R"({"firmware_version":"1.0"})"));
  EXPECT_EQ(answer.at("device_id"), uuid(1));
  EXPECT_EQ(answer.at("device_session_id"), uuid(1));
  EXPECT_EQ(answer.at("rae"), "lab-a-1");
  EXPECT_EQ(answer.at("at"), hours_ago(40));
  EXPECT_EQ(answer.at("history").at("kept_days"), 14);
  EXPECT_EQ(answer.at("history").at("kept_changes_per_session"), 1000);
  EXPECT_FALSE(answer.contains("unknown"));
  EXPECT_EQ(answer.at("sessions").size(), 1u);
  EXPECT_EQ(at(hours_ago(30)).at("software").at("firmware_version"), "2.0");
  EXPECT_FALSE(at(hours_ago(60)).contains("software"));  // first heard of later
}

TEST_F(PastOf, a_quiet_device_is_what_it_is_now) {
  add(SessionRow{.first_received_s_ago = 100 * 24 * 3600});
  const Json answer = at(hours_ago(24));
  const Json now = get("/v1/devices/" + uuid(1));
  for (const char* facet : {"identity", "presence", "usage", "health", "onboarding"}) {
    EXPECT_EQ(answer.at(facet), now.at(facet)) << facet;
  }
}

TEST_F(PastOf, a_device_says_of_what_history_does_not_tell) {
  add(SessionRow{.first_received_s_ago = 100 * 24 * 3600});
  database().execute("UPDATE device_session SET software_at = 20, firmware_version = '2.0'");
  add(EventRow{.timestamp = 20, .received_at = hours_ago(30), .facets = software("2.0")});
  const Json answer = at(hours_ago(40));
  EXPECT_EQ(answer.at("unknown"), Json::parse(R"(["software"])"));
  EXPECT_FALSE(answer.contains("software"));
  EXPECT_TRUE(answer.contains("identity"));
  const Json change = diff(from_to(hours_ago(40), hours_ago(20))).at("sessions")[0];
  EXPECT_EQ(change.at("unknown"), Json::parse(R"(["software"])"));
  EXPECT_EQ(change.at("changes"), Json::array());
}

TEST_F(PastOf, a_time_of_which_nothing_is_kept_is_refused_with_one_that_can_be_asked_for) {
  add(SessionRow{.first_received_s_ago = 100 * 24 * 3600});
  const Json problem = at(hours_ago(15 * 24), 400);
  EXPECT_EQ(problem.at("parameter"), "at");
  EXPECT_EQ(problem.at("value"), std::to_string(hours_ago(15 * 24)));
  const std::string detail = problem.at("detail");
  EXPECT_NE(detail.find("14 days and the newest 1000 changes"), std::string::npos) << detail;
  const auto way_out = std::stoll(detail.substr(detail.find(" from ") + 6));
  EXPECT_EQ(at(way_out + kHourUs).at("device_id"), uuid(1));
  EXPECT_EQ(diff(from_to(hours_ago(15 * 24), hours_ago(1)), 400).at("parameter"), "from");
}

TEST_F(PastOf, a_time_to_come_or_none_at_all_is_refused) {
  add(SessionRow{});
  EXPECT_EQ(at(now_us_ + kHourUs, 400).at("parameter"), "at");
  EXPECT_EQ(diff("to=" + std::to_string(now_us_), 400).at("parameter"), "from");
  EXPECT_EQ(diff(from_to(now_us_, now_us_), 400).at("parameter"), "to");
  EXPECT_EQ(diff(from_to(1, now_us_ + kHourUs), 400).at("parameter"), "to");
  EXPECT_EQ(get("/v1/devices/" + uuid(1) + "?at=yesterday", 400).at("value"), "yesterday");
  EXPECT_EQ(get("/v1/devices/" + uuid(2) + "?at=5", 404).at("type"), "/problems/not-found");
  EXPECT_EQ(get("/v1/devices/" + uuid(2) + "/diff?from=5", 404).at("type"), "/problems/not-found");
}

TEST_F(PastOf, a_device_is_hidden_from_who_may_not_see_its_rae) {
  add(SessionRow{.first_received_s_ago = 100 * 3600});
  const std::string then = std::to_string(hours_ago(1));
  get("/v1/devices/" + uuid(1) + "?at=" + then, 200, "see-a");
  get("/v1/devices/" + uuid(1) + "?at=" + then, 404, "see-b");
  get("/v1/devices/" + uuid(1) + "/diff?from=" + then, 404, "see-b");
}

TEST_F(PastOf, a_device_was_where_its_session_was) {
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{.ended_at = 30, .first_received_s_ago = 90 * 3600});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .first_received_s_ago = 20 * 3600});
  add(EventRow{.timestamp = 10, .received_at = hours_ago(80), .facets = software("1.0")});
  add(EventRow{
      .timestamp = 30, .received_at = hours_ago(30), .kind = "ended", .reason = "removed"});
  EXPECT_EQ(at(hours_ago(100), 404).at("type"), "/problems/not-found");
  EXPECT_EQ(at(hours_ago(40)).at("rae"), "lab-a-1");
  at(hours_ago(25), 404);
  EXPECT_EQ(at(hours_ago(10)).at("rae"), "lab-b-1");
  const Json sessions = diff(from_to(hours_ago(40), hours_ago(1))).at("sessions");
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].at("began"), true);
  EXPECT_EQ(sessions[0].at("rae"), "lab-b-1");
  EXPECT_EQ(sessions[1].at("ended"), true);
  EXPECT_EQ(sessions[1].at("rae"), "lab-a-1");
}

TEST_F(PastOf, a_difference_names_each_field_with_old_and_new) {
  add(SessionRow{.first_received_s_ago = 100 * 3600});
  add(EventRow{.timestamp = 10, .received_at = hours_ago(50), .facets = software("1.0")});
  add(EventRow{.timestamp = 20, .received_at = hours_ago(30), .facets = software("1.5")});
  add(EventRow{.timestamp = 30, .received_at = hours_ago(20), .facets = software("2.0")});
  const Json sessions = diff(from_to(hours_ago(40), hours_ago(10))).at("sessions");
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].at("changes"),
            Json::parse(R"([{"field":"software.firmware_version","old":"1.0","new":"2.0"}])"));
  EXPECT_EQ(diff(from_to(hours_ago(15), hours_ago(10))).at("sessions"), Json::array());
}

// A session's past as memory has it: every change with when it was received, in the RAE's order.
struct Reference {
  struct Change {
    std::int64_t stamp;
    std::int64_t received_us;
    Facets facets;
  };
  std::vector<Change> changes;

  [[nodiscard]] std::map<std::string, std::string> at(std::int64_t time_us) const {
    std::int64_t newest = 0;
    for (const Change& change : changes) {
      if (change.received_us <= time_us) newest = std::max(newest, change.stamp);
    }
    std::map<std::string, std::string> fields;
    for (const Change& change : changes) {
      if (change.stamp > newest) continue;
      if (change.facets.identity) {
        fields["/identity/model"] = change.facets.identity->fields.model;
      }
      if (change.facets.software) {
        fields["/software/firmware_version"] = change.facets.software->fields.firmware_version;
      }
      if (change.facets.presence) {
        fields["/presence/status"] = change.facets.presence->fields.status.word();
      }
    }
    return fields;
  }
};

std::map<std::string, std::string> fields_of(const Json& answer) {
  std::map<std::string, std::string> fields;
  for (const char* pointer :
       {"/identity/model", "/software/firmware_version", "/presence/status"}) {
    const Json::json_pointer place(pointer);
    if (answer.contains(place)) fields[pointer] = answer.at(place);
  }
  return fields;
}

TEST_F(PastOf, generated_changes_are_replayed_as_a_reference_has_them) {
  PqxxStore store(database().connection_string());
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ApiUnderTest::SetUp();
    add(RaeRow{});
    Reference reference;
    Fold fold;
    const RaeSerial rae = rae_named("lab-a-1");
    for (int i = 0; i < 40; ++i) {
      const std::int64_t stamp = now_us_ - (100 - i) * kHourUs;
      Facets facets;
      // The device's identity comes first, or there is no device to ask for.
      if (i == 0 || random() % 4 == 0) {
        facets.identity = identity_at(stamp, 1, "model-" + std::to_string(random() % 3));
      }
      if (random() % 3 == 0) {
        facets.software = software_at(stamp, std::to_string(random() % 4));
      }
      if (random() % 2 == 0) {
        facets.presence = presence_at(
            stamp, random() % 2 == 0 ? PresenceStatus::kOnline : PresenceStatus::kOffline);
      }
      UpdateNews news = news_of(rae, 1, change_at(stamp, facets));
      // Some come hours late, after others.
      news.received_at = {stamp + static_cast<std::int64_t>(random() % 4 == 0 ? random() % 9 : 0) *
                                      kHourUs};
      reference.changes.push_back({stamp, news.received_at.us, facets});
      fold.add(news);
    }
    ASSERT_TRUE(store.write_as(fold.take(), 1));
    database().execute(
        "UPDATE device_session SET first_received_at = now() - INTERVAL '100 hours'");
    const std::string path = "/v1/devices/" + device_number(1).str();
    for (int i = 0; i < 30; ++i) {
      const std::int64_t from_us = now_us_ - static_cast<std::int64_t>(1 + random() % 98) * kHourUs;
      const std::int64_t to_us = from_us + static_cast<std::int64_t>(random() % 100'000 + 1);
      EXPECT_EQ(fields_of(get(path + "?at=" + std::to_string(to_us))), reference.at(to_us));
      const std::int64_t earlier_us = now_us_ - 99 * kHourUs;
      const Json sessions =
          get(path + "/diff?from=" + std::to_string(earlier_us) + "&to=" + std::to_string(to_us))
              .at("sessions");
      auto changed = reference.at(earlier_us);
      for (const Json& session : sessions) {
        EXPECT_FALSE(session.contains("unknown"));
        for (const Json& change : session.at("changes")) {
          std::string pointer = "/" + change.at("field").get<std::string>();
          std::replace(pointer.begin(), pointer.end(), '.', '/');
          const std::string old = change.at("old").is_null() ? "" : change.at("old");
          if (changed.count(pointer) > 0) {
            EXPECT_EQ(old, changed.at(pointer)) << pointer;
          }
          if (change.at("new").is_string()) changed[pointer] = change.at("new");
        }
      }
      const auto expected = reference.at(to_us);
      for (const auto& [pointer, value] : expected) EXPECT_EQ(changed[pointer], value) << pointer;
    }
  }
}

}  // namespace
}  // namespace dmp::registry
