#include "bridge/core/away.h"

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp::bridge {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;
const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

std::optional<Asked> asked(const std::string& topic,
                           const std::string& payload = R"({"schema":1,"command_id":"c-1"})") {
  Command command;
  command.topic = topic;
  command.payload = payload;
  return asked_by(command);
}

TEST(Away, is_said_where_the_agent_would_have_replied) {
  const auto whom = asked("dmp/v1/gone/" + kSession + "/command");
  ASSERT_TRUE(whom);
  EXPECT_EQ(whom->rae.str(), "gone");
  const Reply reply = away_reply(*whom, Absence::kSaid, kNow);
  EXPECT_EQ(reply.topic, "dmp/v1/gone/" + kSession + "/reply");
  EXPECT_EQ(reply.sent_at, kNow);
  const auto said = decode_command_reply(reply.payload);
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(said->command_id, "c-1");
  EXPECT_EQ(said->state.value, ReplyState::kAway);
  EXPECT_EQ(said->code, "rae_offline");
  EXPECT_EQ(said->message, "gone is offline");
  EXPECT_EQ(said->timestamp.us, kNow);
}

TEST(Away, says_no_more_of_a_rae_than_is_known) {
  const auto whom = asked("dmp/v1/gone/" + kSession + "/command");
  ASSERT_TRUE(whom);
  const auto said = decode_command_reply(away_reply(*whom, Absence::kUnheard, kNow).payload);
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(said->state.value, ReplyState::kAway);
  EXPECT_EQ(said->code, "nobody_subscribed");
  EXPECT_EQ(said->message, "nobody at the broker is subscribed to the commands of gone");
}

TEST(Away, is_never_said_to_a_resync) { EXPECT_FALSE(asked("dmp/v1/gone/agent/resync")); }

TEST(Away, is_not_said_when_nobody_could_tell_which_command_is_meant) {
  for (const std::string payload :
       {"", "{}", R"({"schema":1})", R"({"schema":1,"command_id":""})",
        R"({"schema":1,"command_id":7})", R"({"schema":2,"command_id":"c-1"})"}) {
    EXPECT_FALSE(asked("dmp/v1/gone/" + kSession + "/command", payload)) << payload;
  }
}

}  // namespace
}  // namespace dmp::bridge
