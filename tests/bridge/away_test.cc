#include "bridge/core/away.h"

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp::bridge {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;
const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

class Away : public testing::Test {
 protected:
  Away() {
    presences_.hear(*RaeSerial::parse("gone"), {{2}, AgentStatus::kOffline, ""}, 2);
    presences_.hear(*RaeSerial::parse("there"), {{2}, AgentStatus::kOnline, ""}, 2);
  }

  [[nodiscard]] std::optional<Reply> reply_to(
      const std::string& topic,
      const std::string& payload = R"({"schema":1,"command_id":"c-1"})") const {
    Command command;
    command.topic = topic;
    command.payload = payload;
    return away_reply(command, presences_, kNow);
  }

  Presences presences_;
};

TEST_F(Away, is_said_where_the_agent_would_have_replied) {
  const auto reply = reply_to("dmp/v1/gone/" + kSession + "/command");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->topic, "dmp/v1/gone/" + kSession + "/reply");
  EXPECT_EQ(reply->sent_at, kNow);
  const auto said = decode_command_reply(reply->payload);
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(said->command_id, "c-1");
  EXPECT_EQ(said->state.value, ReplyState::kAway);
  EXPECT_EQ(said->code, "rae_offline");
  EXPECT_EQ(said->timestamp.us, kNow);
}

TEST_F(Away, is_not_said_of_a_rae_that_is_there_or_was_never_heard_of) {
  EXPECT_FALSE(reply_to("dmp/v1/there/" + kSession + "/command"));
  EXPECT_FALSE(reply_to("dmp/v1/stranger/" + kSession + "/command"));
}

TEST_F(Away, never_holds_a_resync_back) { EXPECT_FALSE(reply_to("dmp/v1/gone/agent/resync")); }

TEST_F(Away, is_not_said_when_nobody_could_tell_which_command_is_meant) {
  for (const std::string payload :
       {"", "{}", R"({"schema":1})", R"({"schema":1,"command_id":""})",
        R"({"schema":1,"command_id":7})", R"({"schema":2,"command_id":"c-1"})"}) {
    EXPECT_FALSE(reply_to("dmp/v1/gone/" + kSession + "/command", payload)) << payload;
  }
}

}  // namespace
}  // namespace dmp::bridge
