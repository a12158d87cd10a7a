#include "registry/api/query/queries.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/api/query/cursor.h"

namespace dmp::registry::api {
namespace {

constexpr const char* kDevice = "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f";

Answer<Query> get(const std::string& target) {
  return parse_request({.method = "GET", .target = target, .authorization = ""});
}

TEST(Queries, read_every_parameter_of_the_list) {
  const auto query =
      get("/v1/devices?presence=offline&model=A+B&rae=lab-1&schedulable=false"
          "&canary=1&limit=7");
  ASSERT_TRUE(query) << query.error().detail;
  const auto& devices = std::get<DevicesQuery>(*query);
  EXPECT_EQ(devices.filter.str(),
            R"(presence.status == "offline" && identity.model == "A B" && rae == "lab-1")"
            R"( && schedulable == "false")");
  EXPECT_TRUE(devices.canary);
  EXPECT_EQ(devices.page.limit, 7);
}

TEST(Queries, have_defaults) {
  const auto devices = std::get<DevicesQuery>(*get("/v1/devices"));
  EXPECT_EQ(devices.filter, Filter());
  EXPECT_EQ(devices.sort.attribute->column, "device_id");
  EXPECT_EQ(devices.format, Format::kJson);
  EXPECT_FALSE(devices.canary);
  EXPECT_EQ(devices.page.limit, kPageDefault);
  EXPECT_EQ(devices.page.after, "");
}

TEST(Queries, are_told_apart_by_path) {
  const std::string device = std::string("/v1/devices/") + kDevice;
  EXPECT_EQ(std::get<DeviceQuery>(*get(device)).device_id.str(), kDevice);
  EXPECT_EQ(std::get<EventsQuery>(*get(device + "/events?limit=3")).page.limit, 3);
  EXPECT_EQ(std::get<ExplainQuery>(*get(device + "/explain")).device_id.str(), kDevice);
  EXPECT_EQ(std::get<TimelineQuery>(*get(device + "/timeline?from=7&to=9")).to_us, 9);
  EXPECT_EQ(route_name(*get(device + "/timeline")), "/v1/devices/{device_id}/timeline");
  EXPECT_TRUE(std::get<RaesQuery>(*get("/v1/raes?canary=1")).canary);
  EXPECT_EQ(route_name(*get(device + "/events")), "/v1/devices/{device_id}/events");
  EXPECT_EQ(route_name(*get("/v1/raes")), "/v1/raes");
}

TEST(Queries, refuse_naming_parameter_value_and_way_out) {
  const struct {
    std::string target;
    const char* parameter;
    const char* value;
    const char* way_out;
  } cases[] = {
      {"/v1/devices?presence=sleepy", "presence", "sleepy", "unknown, online, standby or offline"},
      {"/v1/devices?presence=", "presence", "", "unknown, online, standby or offline"},
      {"/v1/devices?presence=Online", "presence", "Online", "unknown, online, standby or offline"},
      {"/v1/devices?schedulable=yes", "schedulable", "yes", "true or false"},
      {"/v1/devices?model=", "model", "", "1 to 256 bytes"},
      {"/v1/devices?rae=a%20b", "rae", "a b", "1 to 64"},
      {"/v1/devices?rae=..", "rae", "..", "1 to 64"},
      {"/v1/devices?canary=yes", "canary", "yes", "0 or 1"},
      {"/v1/devices?limit=0", "limit", "0", "1 to 500"},
      {"/v1/devices?limit=501", "limit", "501", "1 to 500"},
      {"/v1/devices?limit=+7", "limit", " 7", "1 to 500"},
      {"/v1/devices?limit=7x", "limit", "7x", "1 to 500"},
      {"/v1/devices?limit=99999999999999999999", "limit", "99999999999999999999", "1 to 500"},
      {"/v1/devices?labels.=x", "labels.", "x", "labels.KEY"},
      {"/v1/devices?fields=presence,colour", "fields", "presence,colour", "'colour' is none"},
      {"/v1/devices?sort=mac", "sort", "mac", "device_id, name"},
      {"/v1/devices?count=yes", "count", "yes", "none, estimate"},
      {std::string("/v1/devices/") + kDevice + "/timeline?from=yesterday", "from", "yesterday",
       "microseconds"},
      {"/v1/devices?colour=red", "colour", "red", "presence, model, rae"},
      {"/v1/raes?presence=online", "presence", "online", "canary, limit, cursor"},
      {std::string("/v1/devices/") + kDevice + "?limit=3", "limit", "3", "canary"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.target);
    const auto query = get(c.target);
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().status, 400);
    EXPECT_EQ(query.error().parameter, c.parameter);
    EXPECT_EQ(query.error().value, c.value);
    EXPECT_NE(query.error().detail.find(c.parameter), std::string::npos) << query.error().detail;
    EXPECT_NE(query.error().detail.find(c.way_out), std::string::npos) << query.error().detail;
  }
}

TEST(Queries, exist_for_get_only_and_unknown_paths_are_not_found) {
  const auto post = parse_request({.method = "POST", .target = "/v1/raes", .authorization = ""});
  ASSERT_FALSE(post);
  EXPECT_EQ(post.error().status, 405);
  EXPECT_EQ(post.error().allow, "GET");
  const std::string paths[] = {"/",
                               "/v1",
                               "/v2/devices",
                               "/v1/raes/x",
                               "/v1/devices/x",
                               std::string("/v1/devices/") + kDevice + "/event",
                               std::string("/v1/devices/") + kDevice + "/events/1"};
  for (const std::string& path : paths) {
    const auto query = get(path);
    ASSERT_FALSE(query) << path;
    EXPECT_EQ(query.error().status, 404) << path;
  }
}

TEST(Queries, of_a_patch_need_a_type_a_precondition_and_a_body) {
  const std::string device = std::string("/v1/devices/") + kDevice;
  HttpRequest request{.method = "PATCH", .target = device, .authorization = ""};
  const auto refusal = [&] {
    const auto query = parse_request(request);
    return query ? 200 : query.error().status;
  };
  EXPECT_EQ(refusal(), 415);
  request.content_type = "application/merge-patch+json; charset=utf-8";
  EXPECT_EQ(refusal(), 428);
  request.if_match = "\"1.a\"";
  EXPECT_EQ(refusal(), 400);
  request.body = R"({"note":"x"})";
  EXPECT_EQ(std::get<PatchQuery>(*parse_request(request)).patch.note, "x");
  request.target += "/events";
  EXPECT_EQ(refusal(), 405);
  request.target = "/v1/devices";
  EXPECT_EQ(refusal(), 405);
  request = {.method = "DELETE", .target = device, .authorization = ""};
  EXPECT_EQ(parse_request(request).error().allow, "GET, PATCH");
}

TEST(Queries, take_their_own_cursor_and_no_other) {
  const auto first = std::get<DevicesQuery>(*get("/v1/devices?model=A"));
  const std::string cursor = next_cursor(first, kDevice);
  EXPECT_EQ(std::get<DevicesQuery>(*get("/v1/devices?model=A&limit=9&cursor=" + cursor)).page.after,
            kDevice);
  const std::string others[] = {"/v1/devices?cursor=" + cursor,
                                "/v1/devices?model=B&cursor=" + cursor,
                                "/v1/devices?model=A&canary=1&cursor=" + cursor,
                                "/v1/raes?cursor=" + cursor,
                                "/v1/devices?cursor=",
                                "/v1/devices?cursor=%C3%A4"};
  for (const std::string& target : others) {
    const auto query = get(target);
    ASSERT_FALSE(query) << target;
    EXPECT_EQ(query.error().code, "bad_cursor") << target;
  }
  // Right filter, but no position of a list: forged.
  const auto forged = get("/v1/devices?model=A&cursor=" + next_cursor(first, "'; DROP TABLE rae"));
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().code, "bad_cursor");
}

TEST(Queries, join_the_filter_and_the_plain_parameters) {
  const auto devices = std::get<DevicesQuery>(
      *get("/v1/devices?labels.lab=LA&filter=model~Roku*%20||%20held==true&health=good"));
  EXPECT_EQ(devices.filter.str(),
            R"(labels.lab == "LA" && (identity.model ~ "Roku*" || held == "true"))"
            R"( && health.status == "good")");
}

TEST(Queries, name_the_token_and_the_column_of_a_wrong_filter) {
  const auto query = get("/v1/devices?filter=model%3D%3D%22%C3%A4%22%20%26%26%20colour%3D%3Dred");
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().code, "bad_filter");
  EXPECT_EQ(query.error().parameter, "filter");
  EXPECT_EQ(query.error().token, "colour");
  EXPECT_EQ(query.error().column, 15u);
}

TEST(Queries, read_fields_and_sort_by_their_long_and_short_names) {
  const auto devices = std::get<DevicesQuery>(
      *get("/v1/devices?fields=device_id,presence,model,hold.by,model&sort=-name"));
  EXPECT_EQ(devices.fields.names,
            (std::vector<std::string>{"device_id", "presence", "identity.model", "hold.by"}));
  EXPECT_EQ(devices.sort.attribute->name, "identity.name");
  EXPECT_TRUE(devices.sort.descending);
}

TEST(Queries, choose_the_format_by_the_best_accepted_type) {
  const struct {
    const char* accept;
    std::optional<Format> format;
  } cases[] = {{"", Format::kJson},
               {"*/*", Format::kJson},
               {"text/csv", Format::kCsv},
               {"TEXT/CSV; charset=utf-8", Format::kCsv},
               {"text/html, application/x-ndjson;q=0.5, */*;q=0.1", Format::kNdjson},
               {"application/json;q=0.1, text/csv;q=0.9", Format::kCsv},
               {"application/json, text/csv", Format::kJson},
               {"text/html", std::nullopt},
               {"text/csv;q=0", std::nullopt},
               {";;,,q=", std::nullopt}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.accept);
    const auto query = parse_request(
        {.method = "GET", .target = "/v1/devices", .authorization = "", .accept = c.accept});
    ASSERT_EQ(query.has_value(), c.format.has_value());
    if (query) {
      EXPECT_EQ(std::get<DevicesQuery>(*query).format, *c.format);
    } else {
      EXPECT_EQ(query.error().status, 406);
    }
  }
}

TEST(Queries, bind_a_cursor_to_filter_and_sort_however_they_are_written) {
  const auto first = std::get<DevicesQuery>(*get("/v1/devices?model=A&sort=name"));
  const std::string cursor = next_cursor(first, DevicePosition{DeviceId(), "Zed"}.str());
  const auto same =
      get("/v1/devices?filter=(identity.model==A)&sort=identity.name&cursor=" + cursor);
  ASSERT_TRUE(same) << same.error().detail;
  EXPECT_EQ(DevicePosition::parse(std::get<DevicesQuery>(*same).page.after)->value, "Zed");
  EXPECT_FALSE(get("/v1/devices?model=A&sort=-name&cursor=" + cursor));
  EXPECT_FALSE(get("/v1/devices?model=A&cursor=" + cursor));
}

TEST(EventPosition, survives_its_text) {
  EXPECT_TRUE(rc::check("round trip", [](std::int64_t place, std::int64_t timestamp,
                                         const SessionId::Bytes& bytes) {
    const EventPosition position{place, *RaeSerial::parse("lab-1"), SessionId(bytes), timestamp};
    const auto back = EventPosition::parse(position.str());
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->str() == position.str());
  }));
  for (const char* bad : {"", ":", ":::", "1:a:b:2", "1:lab-1:00000000-0000-0000-0000-000000000000",
                          "1:lab-1:00000000-0000-0000-0000-000000000000:2:3",
                          "x:lab-1:00000000-0000-0000-0000-000000000000:2"}) {
    EXPECT_FALSE(EventPosition::parse(bad)) << bad;
  }
}

TEST(Cursor, any_position_survives_and_any_bytes_give_a_position_or_an_error) {
  EXPECT_TRUE(rc::check("round trip", [](const std::string& filter, const std::string& position) {
    RC_PRE(!position.empty());
    const std::string cursor = encode_cursor(filter, position);
    RC_ASSERT(decode_cursor(filter, cursor) == position);
    RC_ASSERT(!decode_cursor(filter + "x", cursor));
    RC_ASSERT(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_") == std::string::npos);
  }));
  EXPECT_TRUE(rc::check("total", [](const std::string& filter, const std::string& bytes) {
    const auto position = decode_cursor(filter, bytes);
    if (!position) RC_ASSERT(position.error().code == "bad_cursor");
  }));
}

}  // namespace
}  // namespace dmp::registry::api
