#include "bridge/core/route.h"

#include <string>

#include <gtest/gtest.h>

#include "bridge/core/filter.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";
const std::string kUpdate = "dmp/v1/rae-1/" + kSession + "/update";
const std::string kReply = "dmp/v1/rae-1/" + kSession + "/reply";
const std::string kPresence = "dmp/v1/rae-1/agent/presence";
const std::string kRoster = "dmp/v1/rae-1/agent/roster";
const std::string kConfirm = "dmp/v1/rae-1/agent/confirm";

Routes routes() { return *Routes::make(uplink_routes()); }

Message message_on(std::string_view topic) {
  Message message;
  message.topic = topic;
  message.payload = "{}";
  return bounded(message);
}

TEST(Filter, matches_as_the_mqtt_standard_says) {
  const struct {
    std::string_view filter;
    std::string_view topic;
    bool expected;
  } cases[] = {
      {"a/b", "a/b", true},      {"a/b", "a/c", false}, {"a/+", "a/b", true},
      {"a/+", "a", false},       {"a/+", "a/", true},   {"a/+", "a/b/c", false},
      {"+/+", "/a", true},       {"a/#", "a", true},    {"a/#", "a/b/c", true},
      {"#", "a/b", true},        {"a/#", "b", false},   {"a/+/c", "a/b/c", true},
      {"a/+/c", "a/b/d", false}, {"a", "a/b", false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(matches(each.filter, each.topic), each.expected) << each.filter << " " << each.topic;
  }
}

TEST(Filter, is_valid_only_with_wildcards_in_their_places) {
  for (const auto* good : {"a", "a/b", "+", "#", "a/+/b", "a/#", "/", "a//b"}) {
    EXPECT_TRUE(is_valid_filter(good)) << good;
  }
  for (const auto* bad : {"", "a+", "a/b+/c", "#/a", "a/#/b", "a#"}) {
    EXPECT_FALSE(is_valid_filter(bad)) << bad;
  }
}

TEST(Routes, lead_each_uplink_topic_to_its_kafka_topic) {
  const struct {
    std::string topic;
    std::string_view expected;
  } cases[] = {{kUpdate, kafka::kDeviceUpdates},
               {kReply, kafka::kCommandReplies},
               {kPresence, kafka::kAgents},
               {kRoster, kafka::kAgents}};
  const Routes all = routes();
  for (const auto& each : cases) {
    const Routed routed = all.route(message_on(each.topic));
    ASSERT_FALSE(routed.refusal) << each.topic << " " << routed.refusal->message;
    EXPECT_EQ(routed.route->kafka_topic, each.expected);
  }
}

TEST(Routes, refuse_with_a_reason_that_says_why) {
  const std::string long_correlation(33, 'a');
  const struct {
    std::string topic;
    std::string response_topic;
    std::string correlation;
    std::string code;
  } cases[] = {
      {"dmp/v1/rae-1/" + kSession + "/command", "", "1", "no_route"},
      {"dmp/v1/rae-1/not-a-uuid/update", "", "1", "bad_topic"},
      {"dmp/v1/rae-1/agent/update", "", "1", "bad_topic"},
      {"dmp/v1/rae 1/" + kSession + "/update", "", "1", "bad_topic"},
      {kUpdate, "dmp/v1/rae-2/agent/confirm", "1", "foreign_response_topic"},
      {kUpdate, "dmp/v1/rae-1/agent/resync", "1", "foreign_response_topic"},
      {kPresence, "dmp/v1/rae-2/agent/confirm", "1", "foreign_response_topic"},
      {kUpdate, kConfirm, "white space", "bad_correlation"},
      {kUpdate, kConfirm, long_correlation, "bad_correlation"},
      {kUpdate, kConfirm, std::string("1\0", 2), "bad_correlation"},
  };
  const Routes all = routes();
  for (const auto& each : cases) {
    Message message = message_on(each.topic);
    message.response_topic = each.response_topic;
    message.correlation = each.correlation;
    const Routed routed = all.route(message);
    ASSERT_TRUE(routed.refusal) << each.topic << " " << each.code;
    EXPECT_EQ(routed.refusal->code, each.code);
    EXPECT_FALSE(routed.refusal->message.empty());
  }
}

TEST(Routes, refuse_what_is_larger_than_the_route_allows_and_take_what_is_not) {
  const Routes all = routes();
  const std::string largest(MessageLimits::kPayloadBytes, 'x');
  Message message = message_on(kUpdate);
  message.payload = largest;
  EXPECT_FALSE(all.route(bounded(message)).refusal);
  const std::string too_large = largest + "x";
  message.payload = too_large;
  const Routed routed = all.route(bounded(message));
  ASSERT_TRUE(routed.refusal);
  EXPECT_EQ(routed.refusal->code, "too_large");
  EXPECT_NE(routed.refusal->message.find("65537"), std::string::npos);
}

TEST(Routes, answer_whoever_asks_by_correlation_except_presence) {
  const Routes all = routes();
  Message message = message_on(kUpdate);
  message.correlation = "1234567";
  message.response_topic = kConfirm;
  const auto asker = all.route(message).asker;
  ASSERT_TRUE(asker);
  EXPECT_EQ(asker->rae.str(), "rae-1");
  EXPECT_EQ(asker->correlation, "1234567");

  message.topic = kPresence;
  EXPECT_FALSE(all.route(message).asker);
  EXPECT_FALSE(all.route(message_on(kUpdate)).asker);
}

TEST(Routes, tell_the_rae_of_the_topic_about_a_refusal_never_the_one_it_names) {
  Message message = message_on(kUpdate);
  message.correlation = "7";
  message.response_topic = "dmp/v1/rae-2/agent/confirm";
  const Routed routed = routes().route(message);
  ASSERT_TRUE(routed.asker);
  EXPECT_EQ(routed.asker->rae.str(), "rae-1");

  message.topic = "dmp/v1/rae-1/not-a-uuid/update";
  const Routed misplaced = routes().route(message);
  ASSERT_TRUE(misplaced.asker);
  EXPECT_EQ(misplaced.asker->rae.str(), "rae-1");
}

TEST(Routes, have_nobody_to_tell_when_the_correlation_is_malformed) {
  Message message = message_on(kUpdate);
  message.correlation = "a b";
  EXPECT_FALSE(routes().route(message).asker);
}

TEST(Routes, that_overlap_or_are_malformed_are_named_at_the_start) {
  const auto overlapping = Routes::make(
      {{.filter = "a/+/c", .kafka_topic = "one"}, {.filter = "a/b/#", .kafka_topic = "two"}});
  ASSERT_FALSE(overlapping);
  EXPECT_EQ(overlapping.error().code, "bad_route");
  EXPECT_NE(overlapping.error().message.find("a/b/#"), std::string::npos);
  EXPECT_FALSE(Routes::make({{.filter = "a/#/b", .kafka_topic = "one"}}));
  EXPECT_FALSE(Routes::make({{.filter = "a", .kafka_topic = ""}}));
}

TEST(Routes, name_each_kafka_topic_once) {
  const auto routes = Routes::make(uplink_routes());
  ASSERT_TRUE(routes);
  EXPECT_EQ(routes->kafka_topics(),
            (std::vector<std::string>{"dmp.agents", "dmp.command-replies", "dmp.device-updates"}));
}

}  // namespace
}  // namespace dmp::bridge
