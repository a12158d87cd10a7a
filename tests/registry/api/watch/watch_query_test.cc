#include "registry/api/watch/watch_query.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

Answer<WatchQuery> parse(const std::string& parameters, const std::string& accept = "") {
  return parse_watch({.method = "GET",
                      .target = "/v1/devices?watch=1" + parameters,
                      .authorization = {},
                      .accept = accept});
}

TEST(Watch, is_told_from_a_list_by_its_parameter) {
  const auto get = [](const std::string& target) {
    return HttpRequest{.method = "GET", .target = target, .authorization = {}};
  };
  EXPECT_TRUE(is_watch(get("/v1/devices?watch=1")));
  EXPECT_TRUE(is_watch(get("/v1/devices?model=x&watch=1")));
  EXPECT_FALSE(is_watch(get("/v1/devices?watch=0")));
  EXPECT_FALSE(is_watch(get("/v1/device%73?watch=1"))) << "the edge would not know it";
  EXPECT_FALSE(is_watch(get("/v1/devices?w%61tch=1")));
  EXPECT_FALSE(is_watch(get("/v1/devices?watch=%31")));
  EXPECT_FALSE(is_watch(get("/v1/devices?watch=yes")));
  EXPECT_FALSE(is_watch(get("/v1/devices?model=watch")));
  EXPECT_FALSE(is_watch(get("/v1/raes?watch=1")));
  EXPECT_FALSE(is_watch(get("/v1/devices?watch=%zz")));
  EXPECT_FALSE(is_watch({.method = "PUT", .target = "/v1/devices?watch=1", .authorization = {}}));
}

TEST(Watch, takes_the_lists_filter_and_fields) {
  const auto query = parse("&filter=presence==online&model=TV&fields=presence&canary=1");
  ASSERT_TRUE(query) << query.error().detail;
  EXPECT_EQ(query->filter.str(), "presence.status == \"online\" && identity.model == \"TV\"");
  EXPECT_EQ(query->fields.names, (std::vector<std::string>{"device_id", "presence"}));
  EXPECT_TRUE(query->canary);
}

TEST(Watch, refuses_what_it_cannot_do_and_says_what_it_can) {
  const struct {
    const char* parameters;
    const char* parameter;
  } cases[] = {{"&sort=name", "sort"},
               {"&limit=5", "limit"},
               {"&cursor=x", "cursor"},
               {"&count=estimate", "count"},
               {"&fields=rae_last_heard_at", "fields"},
               {"&filter=presence=", "filter"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.parameters);
    const auto query = parse(c.parameters);
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().status, 400);
    EXPECT_EQ(query.error().parameter, c.parameter);
  }
  EXPECT_EQ(parse("", "application/json").error().status, 406);
  EXPECT_TRUE(parse("", "text/event-stream"));
  EXPECT_TRUE(parse("", "application/json;q=0.5, */*;q=0.1"));
}

TEST(Watch, knows_its_own_event_ids_and_no_others) {
  const WatchDigest digest{0x123456789abcdef0, 42};
  const std::string id = event_id("one", digest);
  EXPECT_EQ(*parse_event_id("one", id), digest);
  for (const std::string& other :
       {event_id("two", digest), id + "0", id.substr(1), std::string("x"),
        "1-" + std::string(50, 'g'), std::string(52, '-')}) {
    const auto parsed = parse_event_id("one", other);
    ASSERT_FALSE(parsed) << other;
    EXPECT_EQ(parsed.error().status, 400);
    EXPECT_EQ(parsed.error().parameter, "Last-Event-ID");
  }
}

}  // namespace
}  // namespace dmp::registry::api
