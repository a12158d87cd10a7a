#include "schema/topics.h"

#include <gtest/gtest.h>

namespace dmp {
namespace {

const RaeSerial kRae = *RaeSerial::parse("rae-1");
const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");

TEST(Topics, what_is_built_is_parsed_back) {
  for (const auto kind : {TopicKind::kUpdate, TopicKind::kCommand, TopicKind::kReply}) {
    const auto topic = parse_topic(device_topic(kRae, kSession, kind));
    ASSERT_TRUE(topic);
    EXPECT_EQ(*topic, (Topic{kRae, kSession, kind}));
  }
  for (const auto kind :
       {TopicKind::kPresence, TopicKind::kRoster, TopicKind::kConfirm, TopicKind::kResync}) {
    const auto topic = parse_topic(agent_topic(kRae, kind));
    ASSERT_TRUE(topic);
    EXPECT_EQ(*topic, (Topic{kRae, std::nullopt, kind}));
  }
}

TEST(Topics, refuses_every_other_shape) {
  for (const char* bad :
       {"", "dmp/v1", "dmp/v1/rae-1", "dmp/v1/rae-1/update", "dmp/v2/rae-1/agent/roster",
        "dmp/v1/rae-1/agent/update", "dmp/v1/rae-1/agent/", "dmp/v1//agent/roster",
        "dmp/v1/rae-1/not-a-session/update",
        "dmp/v1/rae-1/00000000-0000-0000-0000-000000000000/update", "dmp/v1/a b/agent/roster",
        "x/dmp/v1/rae-1/agent/roster", "dmp/v1/rae-1/0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11/roster",
        "dmp/v1/rae-1/0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11/update/x",
        "dmp/v1/rae-1/0B8E2C3E-53A4-4E0F-9D2A-6F0B0F9F4A11/update"}) {
    const auto topic = parse_topic(bad);
    ASSERT_FALSE(topic) << bad;
    EXPECT_EQ(topic.error().code, "bad_topic");
  }
}

TEST(Topics, a_bridges_echo_is_no_topic_of_a_rae) {
  EXPECT_EQ(bridge_echo_topic("bridge-1"), "dmp/v1/bridge/bridge-1/echo");
  EXPECT_FALSE(parse_topic(bridge_echo_topic("bridge-1")));
}

TEST(Topics, a_bridge_key_names_its_bridge) {
  EXPECT_EQ(bridge_key("bridge-1"), "bridge/bridge-1");
  EXPECT_EQ(parse_bridge_key("bridge/bridge-1"), "bridge-1");
  EXPECT_FALSE(parse_bridge_key("dmp/v1/rae-1/agent/roster"));
}

}  // namespace
}  // namespace dmp
