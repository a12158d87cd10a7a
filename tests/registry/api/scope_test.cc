// A token sees its RAEs and nothing of any other, on every route.
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Strings = std::vector<std::string>;

class Scope : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{.rae = "lab-a-1"});
    add(RaeRow{.rae = "lab-b-1"});
    add(RaeRow{.rae = "lab-b-22"});  // not matched by lab-b-?
    add(RaeRow{.rae = "lab_b1"});
    add(RaeRow{.rae = "labxb1"});  // not matched by lab_b*: `_` is no wildcard
    const std::string raes[] = {"lab-a-1", "lab-b-1", "lab-b-22", "lab_b1", "labxb1"};
    for (int i = 0; i < 5; ++i) {
      add(SessionRow{.rae = raes[i], .session = i + 1, .device = i + 1});
      add(EventRow{.rae = raes[i], .session = i + 1});
    }
    // Device 9 moved from RAE A to RAE B; it has history on both.
    add(SessionRow{.rae = "lab-a-1", .session = 10, .device = 9, .presence = "offline"});
    add(SessionRow{.rae = "lab-b-1", .session = 11, .device = 9});
    add(EventRow{.rae = "lab-a-1", .session = 10, .received_at = 1});
    add(EventRow{.rae = "lab-b-1", .session = 11, .received_at = 2});
  }
};

struct View {
  const char* token;
  Strings devices;
  Strings raes;
};

const View kViews[] = {
    {"see-all",
     {uuid(1), uuid(2), uuid(3), uuid(4), uuid(5), uuid(9)},
     {"lab-a-1", "lab-b-1", "lab-b-22", "lab_b1", "labxb1"}},
    {"see-a", {uuid(1), uuid(9)}, {"lab-a-1"}},
    {"see-b", {uuid(2), uuid(4), uuid(9)}, {"lab-b-1", "lab_b1"}},
    {"see-none", {}, {}},
};

TEST_F(Scope, lists_hold_only_what_the_token_may_see) {
  for (const View& view : kViews) {
    SCOPED_TRACE(view.token);
    EXPECT_EQ(column(get("/v1/devices", 200, view.token), "device_id"), view.devices);
    EXPECT_EQ(column(get("/v1/devices?presence=online&model=Model+1", 200, view.token), "device_id")
                  .size(),
              view.devices.size() - (view.token == std::string("see-a") ? 1 : 0));
    EXPECT_EQ(column(get("/v1/raes", 200, view.token), "rae"), view.raes);
  }
}

TEST_F(Scope, a_device_outside_is_not_found_on_any_route) {
  for (const View& view : kViews) {
    for (const int device : {1, 2, 3, 4, 5, 9}) {
      SCOPED_TRACE(std::string(view.token) + " asks for " + uuid(device));
      const bool may = std::count(view.devices.begin(), view.devices.end(), uuid(device)) > 0;
      const auto one = get("/v1/devices/" + uuid(device), may ? 200 : 404, view.token);
      const auto events =
          get("/v1/devices/" + uuid(device) + "/events", may ? 200 : 404, view.token);
      get("/v1/devices/" + uuid(device) + "/explain", may ? 200 : 404, view.token);
      get("/v1/devices/" + uuid(device) + "/timeline", may ? 200 : 404, view.token);
      if (may) continue;
      EXPECT_EQ(one.at("type"), "/problems/not-found");
      EXPECT_EQ(events.at("type"), "/problems/not-found");
    }
  }
}

TEST_F(Scope, a_filter_does_not_reach_outside) {
  EXPECT_EQ(column(get("/v1/devices?rae=lab-b-1", 200, "see-a"), "device_id"), Strings{});
  EXPECT_EQ(column(get("/v1/devices?rae=lab-b-1", 200, "see-b"), "device_id"),
            (Strings{uuid(2), uuid(9)}));
}

TEST_F(Scope, a_cursor_of_somebody_else_shows_only_ones_own) {
  const auto first = get("/v1/devices?limit=1", 200, "see-all");
  const std::string cursor = first.at("next");
  EXPECT_EQ(column(get("/v1/devices?cursor=" + cursor, 200, "see-b"), "device_id"),
            (Strings{uuid(2), uuid(4), uuid(9)}));
}

TEST_F(Scope, of_a_device_that_moved_each_token_sees_its_own_sessions_and_history) {
  const auto of_a = get("/v1/devices/" + uuid(9), 200, "see-a");
  EXPECT_EQ(of_a.at("rae"), "lab-a-1");
  EXPECT_EQ(of_a.at("sessions").size(), 1u);
  EXPECT_EQ(get("/v1/devices/" + uuid(9), 200, "see-all").at("sessions").size(), 2u);
  EXPECT_EQ(column(get("/v1/devices/" + uuid(9) + "/events", 200, "see-a"), "rae"),
            Strings{"lab-a-1"});
  EXPECT_EQ(column(get("/v1/devices/" + uuid(9) + "/events", 200, "see-b"), "rae"),
            Strings{"lab-b-1"});
  EXPECT_EQ(column(get("/v1/devices/" + uuid(9) + "/events", 200, "see-all"), "rae"),
            (Strings{"lab-b-1", "lab-a-1"}));
}

TEST_F(Scope, without_a_known_token_nothing_is_answered) {
  for (const std::string target : {"/v1/devices", "/v1/raes", "/nothing", "/v1/devices/x"}) {
    HttpClient client(port());
    const HttpAnswer none = client.get(target, "");
    EXPECT_EQ(none.status, 401) << target;
    EXPECT_EQ(none.headers.at("www-authenticate"), R"(Bearer realm="dmp")");
    const HttpAnswer wrong = HttpClient(port()).get(target, "see-al");
    EXPECT_EQ(wrong.status, 401) << target;
    EXPECT_EQ(wrong.headers.at("www-authenticate"), R"(Bearer realm="dmp", error="invalid_token")");
    EXPECT_EQ(wrong.headers.at("content-type"), "application/problem+json");
  }
}

}  // namespace
}  // namespace dmp::registry
