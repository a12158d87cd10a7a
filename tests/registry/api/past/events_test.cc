// A device's history: stored values, newest first, and what each event changed.
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class Events : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    add(SessionRow{});
  }

  static std::string path() { return "/v1/devices/" + uuid(1) + "/events"; }

  static std::string software(int timestamp, const std::string& firmware) {
    return R"({"software":{"timestamp":)" + std::to_string(timestamp) + R"(,"firmware_version":")" +
           firmware + R"("}})";
  }
  static std::string presence(int timestamp, const std::string& status) {
    return R"({"presence":{"timestamp":)" + std::to_string(timestamp) + R"(,"status":")" + status +
           R"("}})";
  }

  // Every event, page by page.
  Json all(int limit) {
    Json items = Json::array();
    std::string cursor;
    for (int page = 0; page < 1000; ++page) {
      const auto list = get(path() + "?limit=" + std::to_string(limit) + cursor);
      EXPECT_LE(list.at("items").size(), static_cast<std::size_t>(limit));
      for (const auto& item : list.at("items")) items.push_back(item);
      if (list.at("next").is_null()) return items;
      cursor = "&cursor=" + list.at("next").get<std::string>();
    }
    ADD_FAILURE() << "the pages do not end";
    return items;
  }
};

TEST_F(Events, show_old_and_new_and_the_first_known_value_has_no_old) {
  add(EventRow{.timestamp = 1000, .received_at = 1, .facets = software(990, "12.0.0")});
  add(EventRow{.timestamp = 2000, .received_at = 2, .facets = presence(1990, "offline")});
  add(EventRow{.timestamp = 3000, .received_at = 3, .facets = software(2990, "12.5.0")});
  add(EventRow{.timestamp = 4000,
               .received_at = 4,
               .facets = software(3990, ""),
               .kind = "ended",
               .reason = "removed"});
  const auto items = get(path()).at("items");
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0], Json::parse(R"({"rae":"lab-a-1","device_session_id":")" + uuid(1) + R"(",
      "kind":"ended","reason":"removed","received_at":4,"timestamp":4000,
      "facets":)" + software(3990, "") +
                                  R"(,
      "changes":[{"field":"software.firmware_version","old":"12.5.0","new":null}]})"));
  EXPECT_EQ(
      items[1].at("changes"),
      Json::parse(R"([{"field":"software.firmware_version","old":"12.0.0","new":"12.5.0"}])"));
  EXPECT_EQ(items[2].at("changes"),
            Json::parse(R"([{"field":"presence.status","old":null,"new":"offline"}])"));
  EXPECT_EQ(items[3].at("changes"),
            Json::parse(R"([{"field":"software.firmware_version","old":null,"new":"12.0.0"}])"));
}

TEST_F(Events, a_change_is_against_the_last_event_that_carried_the_facet_wherever_the_page_ends) {
  add(EventRow{.timestamp = 1, .received_at = 1, .facets = software(1, "1")});
  for (int i = 2; i <= 40; ++i) {
    add(EventRow{.timestamp = i,
                 .received_at = i,
                 .facets = presence(i, i % 2 == 0 ? "online" : "offline")});
  }
  add(EventRow{.timestamp = 41, .received_at = 41, .facets = software(41, "2")});
  const Json whole = all(500);
  ASSERT_EQ(whole.size(), 41u);
  EXPECT_EQ(whole[0].at("changes"),
            Json::parse(R"([{"field":"software.firmware_version","old":"1","new":"2"}])"));
  for (const int limit : {1, 2, 7, 40, 41}) {
    SCOPED_TRACE(limit);
    EXPECT_EQ(all(limit), whole);
  }
}

TEST_F(Events, are_in_the_raes_order_even_if_one_came_late) {
  add(EventRow{.timestamp = 1000, .received_at = 10, .facets = software(1000, "1")});
  add(EventRow{.timestamp = 2000, .received_at = 90, .facets = software(2000, "2")});  // late
  add(EventRow{.timestamp = 3000, .received_at = 30, .facets = software(3000, "3")});
  const auto items = get(path()).at("items");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].at("timestamp"), 3000);
  EXPECT_EQ(items[0].at("changes")[0].at("old"), "2");
  EXPECT_EQ(items[1].at("timestamp"), 2000);
  EXPECT_EQ(items[2].at("timestamp"), 1000);
  EXPECT_EQ(all(1), items);
}

TEST_F(Events, of_several_sessions_are_merged_by_when_the_cloud_had_them) {
  add(SessionRow{.session = 2, .ended_at = 500});  // an ended session is history too
  add(EventRow{.session = 1, .timestamp = 9000, .received_at = 10, .facets = software(1, "a")});
  add(EventRow{.session = 2, .timestamp = 10, .received_at = 20, .facets = software(2, "b")});
  add(EventRow{.session = 1, .timestamp = 9001, .received_at = 30, .facets = software(3, "c")});
  const auto items = get(path()).at("items");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].at("changes")[0].at("old"), "a");
  EXPECT_EQ(items[1].at("device_session_id"), uuid(2));
  EXPECT_TRUE(items[1].at("changes")[0].at("old").is_null());
  EXPECT_EQ(all(1), items);
  EXPECT_EQ(all(2), items);
}

TEST_F(Events, pages_neither_skip_nor_repeat_while_new_and_late_events_come) {
  for (int i = 1; i <= 60; ++i) {
    add(EventRow{.timestamp = i * 10, .received_at = i * 10, .facets = software(i, "v")});
  }
  std::vector<int> stamps;
  std::string cursor;
  for (int page = 0; page < 60; ++page) {
    const auto list = get(path() + "?limit=5" + cursor);
    for (const auto& item : list.at("items")) {
      if (item.at("timestamp").get<int>() % 10 == 0) stamps.push_back(item.at("timestamp"));
    }
    if (list.at("next").is_null()) break;
    cursor = "&cursor=" + list.at("next").get<std::string>();
    add(EventRow{.timestamp = 700 + page * 10 + 1, .received_at = 1000 + page});
    add(EventRow{.timestamp = 5 + page * 20, .received_at = 2000 + page});  // late
  }
  ASSERT_EQ(stamps.size(), 60u);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(stamps[static_cast<std::size_t>(i)], 600 - i * 10);
}

TEST_F(Events, of_a_device_without_any_are_an_empty_list_and_of_no_device_not_found) {
  EXPECT_EQ(get(path()).at("items").size(), 0u);
  get("/v1/devices/" + uuid(2) + "/events", 404);
}

TEST_F(Events, what_this_version_cannot_read_is_left_out_and_the_rest_answered) {
  add(EventRow{.timestamp = 1, .received_at = 1, .facets = software(1, "1")});
  add(EventRow{.timestamp = 2, .received_at = 2, .facets = R"({"software":{"timest)"});
  add(EventRow{.timestamp = 3, .received_at = 3, .facets = software(3, "3")});
  const auto items = get(path()).at("items");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_TRUE(items[1].at("facets").is_null());
  EXPECT_EQ(items[1].at("changes").size(), 0u);
  EXPECT_EQ(items[0].at("changes")[0].at("old"), "1");
}

}  // namespace
}  // namespace dmp::registry
