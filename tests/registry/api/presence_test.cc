// Presence as shown, and what keeps a device from being scheduled: inserted rows against answers.
#include <functional>

#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Strings = std::vector<std::string>;

class Presence : public ApiUnderTest {
 protected:
  nlohmann::json item() { return get("/v1/devices").at("items").at(0); }
};

struct Doubt {
  const char* name;
  RaeRow rae;
  const char* also;  // SQL, or ""
  const char* status;
  const char* reason;
};

TEST_F(Presence, is_what_the_rae_says_unless_something_makes_us_doubt_it) {
  const Doubt doubts[] = {
      {"nothing", {}, "", "online", ""},
      {"lost", {.status = "offline"}, "", "unknown", "rae_lost"},
      {"silent", {.heard_s_ago = 181}, "", "unknown", "rae_silent"},
      {"just heard", {.heard_s_ago = 170}, "", "online", ""},
      {"bridge", {}, "UPDATE bridge SET sent_at = sent_at - 91000000", "unknown", "bridge_silent"},
      {"no bridge", {}, "DELETE FROM bridge", "unknown", "bridge_silent"},
      {"lost before bridge", {.status = "offline"}, "DELETE FROM bridge", "unknown", "rae_lost"},
      {"bridge before silent",
       {.heard_s_ago = 999},
       "DELETE FROM bridge",
       "unknown",
       "bridge_silent"},
      {"behind", {}, "UPDATE ingest SET behind_ms = 60001", "unknown", "registry_behind"},
      {"no beat",
       {},
       "UPDATE ingest SET beat_at = now() - INTERVAL '61 seconds'",
       "unknown",
       "registry_behind"},
      {"behind before lost",
       {.status = "offline"},
       "UPDATE ingest SET behind_ms = 60001",
       "unknown",
       "registry_behind"},
      {"reconnected", {.presence_at = 201}, "", "unknown", "not_confirmed"},
      {"named since", {.presence_at = 200}, "", "online", ""},
      {"no row", {}, "DELETE FROM rae", "unknown", "rae_silent"},
      {"no row and behind",
       {},
       "DELETE FROM rae; UPDATE ingest SET behind_ms = 60001",
       "unknown",
       "registry_behind"},
  };
  for (const Doubt& doubt : doubts) {
    SCOPED_TRACE(doubt.name);
    SetUp();
    add(doubt.rae);
    add(SessionRow{});
    if (*doubt.also != '\0') database().execute(doubt.also);
    const auto shown = item();
    const auto presence = shown.at("presence");
    EXPECT_EQ(presence.at("status"), doubt.status);
    EXPECT_EQ(presence.value("reason", ""), doubt.reason);
    EXPECT_EQ(shown.at("schedulable"), *doubt.reason == '\0');
    // When the shown state began is known only while the RAE's own word is shown.
    EXPECT_EQ(presence.contains("changed_at"), *doubt.reason == '\0');
    if (*doubt.reason != '\0') {
      EXPECT_EQ(codes(shown), Strings{doubt.reason});
    }
  }
}

struct Hidden {
  const char* name;
  SessionRow session;
  std::size_t listed;
};

TEST_F(Presence, a_session_is_listed_while_it_is_on_the_roster_and_has_not_ended) {
  const Hidden rows[] = {
      {"named by an update", {.seen_at = 101}, 1},
      {"named by the roster", {.seen_at = 100}, 1},
      {"left out", {.seen_at = 99}, 0},
      {"ended", {.ended_at = 150}, 0},
      {"no identity yet", {.device = 0}, 0},
  };
  for (const Hidden& row : rows) {
    SCOPED_TRACE(row.name);
    SetUp();
    add(RaeRow{});
    add(row.session);
    EXPECT_EQ(get("/v1/devices").at("items").size(), row.listed);
    get("/v1/devices/" + uuid(1), row.listed == 1 ? 200 : 404);
  }
}

struct Blocked {
  const char* name;
  SessionRow session;
  const char* also;
  Strings codes;
};

TEST_F(Presence, blockers_name_everything_that_keeps_a_device_from_being_used) {
  const Blocked rows[] = {
      {"free", {}, "", {}},
      {"offline", {.presence = "offline"}, "", {"offline"}},
      {"standby", {.presence = "standby"}, "", {"standby"}},
      {"not known", {.presence = "unknown"}, "", {"presence_unknown"}},
      {"discovered", {.onboarding = "discovered"}, "", {"onboarding"}},
      {"in a test", {.usage = "in_test"}, "", {"in_test"}},
      {"bad", {.health = "bad"}, "", {"unhealthy"}},
      {"looping", {.health = "looping"}, "", {"unhealthy"}},
      {"health not known", {.health = "unknown"}, "", {}},
      {"held",
       {},
       "INSERT INTO device (device_id, hold_by) SELECT device_id, 'lab' FROM device_session",
       {"held"}},
      {"hold over",
       {},
       "INSERT INTO device (device_id, hold_by, hold_until) SELECT device_id, 'lab',"
       " now() - INTERVAL '1 second' FROM device_session",
       {}},
      {"all at once",
       {.presence = "offline", .onboarding = "discovered", .usage = "in_test", .health = "bad"},
       "",
       {"offline", "onboarding", "in_test", "unhealthy"}},
  };
  for (const Blocked& row : rows) {
    SCOPED_TRACE(row.name);
    SetUp();
    add(RaeRow{});
    add(row.session);
    if (*row.also != '\0') database().execute(row.also);
    const auto shown = item();
    EXPECT_EQ(codes(shown), row.codes);
    EXPECT_EQ(shown.at("schedulable"), row.codes.empty());
    for (const auto& blocker : shown.at("blockers")) {
      EXPECT_NE(blocker.at("message"), blocker.at("code")) << "no sentence for this blocker";
    }
  }
}

TEST_F(Presence, a_hold_tells_who_why_and_until_when) {
  add(RaeRow{});
  add(SessionRow{});
  database().execute(
      "INSERT INTO device (device_id, labels, note, hold_by, hold_reason, hold_until,"
      " revision) VALUES ('" +
      uuid(1) +
      "', '{\"lab\": \"LA\"}', 'shelf 3', 'ann',"
      " 'repair', '2100-01-01T00:00:00Z', 4)");
  const auto shown = item();
  EXPECT_EQ(shown.at("hold"),
            nlohmann::json::parse(R"({"by":"ann","reason":"repair","until_at":4102444800000000})"));
  EXPECT_EQ(shown.at("labels").at("lab"), "LA");
  EXPECT_EQ(shown.at("note"), "shelf 3");
  EXPECT_EQ(shown.at("revision"), 4);
  EXPECT_EQ(shown.at("blockers")[0].at("message"), "the device is held by ann (repair)");
}

TEST_F(Presence, two_sessions_online_at_once_block_each_other) {
  add(RaeRow{});
  add(RaeRow{.rae = "lab-b-1"});
  add(SessionRow{});
  add(SessionRow{.rae = "lab-b-1", .session = 2, .first_received_s_ago = 10});
  EXPECT_EQ(codes(item()), Strings{"duplicate_identity"});
  const auto device = get("/v1/devices/" + uuid(1));
  ASSERT_EQ(device.at("sessions").size(), 2u);
  EXPECT_EQ(device.at("device_session_id"), uuid(2));
  EXPECT_EQ(device.at("sessions")[0].at("device_session_id"), uuid(2));
  EXPECT_EQ(device.at("sessions")[0].at("current"), true);
  EXPECT_EQ(device.at("sessions")[1].at("current"), false);
  EXPECT_EQ(device.at("sessions")[1].at("rae"), "lab-a-1");
  EXPECT_EQ(device.at("sessions")[1].at("presence").at("status"), "online");
  EXPECT_GT(device.at("sessions")[0].at("first_received_at"),
            device.at("sessions")[1].at("first_received_at"));
}

TEST_F(Presence, a_word_this_version_does_not_know_is_shown_as_unknown_with_the_word) {
  add(RaeRow{});
  add(SessionRow{});
  database().execute(
      "UPDATE device_state SET usage_state = 'unknown', usage_state_text = 'charging',"
      " presence_status = 'unknown', presence_status_text = 'dozing'");
  EXPECT_EQ(item().at("usage"),
            nlohmann::json::parse(R"({"state":"unknown","state_text":"charging"})"));
  EXPECT_EQ(item().at("presence").at("status"), "unknown");
  EXPECT_EQ(item().at("presence").at("status_text"), "dozing");
}

TEST_F(Presence, a_rae_tells_its_state_why_and_how_its_sessions_are_shown) {
  add(RaeRow{});
  add(RaeRow{.rae = "lab-a-2", .status = "offline"});
  add(RaeRow{.rae = "lab-a-3", .heard_s_ago = 999});
  add(SessionRow{});
  add(SessionRow{.session = 2, .device = 2, .presence = "offline"});
  add(SessionRow{.session = 3, .device = 3, .presence = "standby"});
  add(SessionRow{.session = 4, .device = 4, .seen_at = 99});
  add(SessionRow{.rae = "lab-a-2", .session = 5, .device = 5});
  const auto raes = get("/v1/raes").at("items");
  ASSERT_EQ(raes.size(), 3u);
  EXPECT_EQ(raes[0].at("rae"), "lab-a-1");
  EXPECT_EQ(raes[0].at("presence"), nlohmann::json::parse(R"({"status":"online"})"));
  EXPECT_EQ(raes[0].at("agent_version"), "1.2.3");
  EXPECT_EQ(raes[0].at("bridge"), "bridge-1");
  EXPECT_TRUE(raes[0].at("last_heard_at").is_number_integer());
  EXPECT_EQ(raes[0].at("sessions"),
            nlohmann::json::parse(R"({"total":3,"online":1,"standby":1,"offline":1,"unknown":0})"));
  EXPECT_EQ(raes[1].at("presence"),
            nlohmann::json::parse(R"({"status":"offline","reason":"rae_lost"})"));
  EXPECT_EQ(raes[1].at("sessions").at("unknown"), 1);
  EXPECT_EQ(raes[2].at("presence"),
            nlohmann::json::parse(R"({"status":"unknown","reason":"rae_silent"})"));
  EXPECT_EQ(raes[2].at("sessions").at("total"), 0);
}

TEST_F(Presence, pages_of_raes_join_to_the_whole_list) {
  for (int i = 1; i <= 7; ++i) add(RaeRow{.rae = "lab-a-" + std::to_string(i)});
  Strings all;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto list = get("/v1/raes?limit=3" + cursor);
    for (const auto& rae : column(list, "rae")) all.push_back(rae);
    if (list.at("next").is_null()) break;
    cursor = "&cursor=" + list.at("next").get<std::string>();
  }
  EXPECT_EQ(all, column(get("/v1/raes"), "rae"));
  EXPECT_EQ(all.size(), 7u);
}

}  // namespace
}  // namespace dmp::registry
