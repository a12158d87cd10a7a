#include "bridge/core/command.h"

#include <limits>

#include <gtest/gtest.h>

#include "bridge/core/message.h"

namespace dmp::bridge {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;
const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

Command good() {
  Command command;
  command.topic = "dmp/v1/rae-1/" + kSession + "/command";
  command.payload = "{}";
  command.bridge = "bridge-1";
  command.expires_at = kNow + 1;
  return command;
}

std::string objection(const Command& command) {
  const auto found = objection_to(command, "bridge-1", kNow);
  return found ? found->code : "";
}

TEST(Command, is_passed_on_by_the_bridge_it_names_or_by_any) {
  Command command = good();
  EXPECT_EQ(objection(command), "");
  command.bridge = "";
  EXPECT_EQ(objection(command), "");
  command.bridge = "bridge-2";
  EXPECT_EQ(objection(command), "other_bridge");
}

TEST(Command, goes_only_where_agents_read) {
  for (const std::string& end : {std::string("agent/resync"), kSession + "/command"}) {
    Command command = good();
    command.topic = "dmp/v1/rae-1/" + end;
    EXPECT_EQ(objection(command), "") << end;
  }
  for (const std::string& topic :
       {std::string(), std::string("dmp/v1/rae-1/agent/presence"),
        std::string("dmp/v1/rae-1/agent/confirm"), "dmp/v1/rae-1/" + kSession + "/update",
        std::string("dmp/v1/+/agent/resync"), std::string("$SYS/broker")}) {
    Command command = good();
    command.topic = topic;
    EXPECT_EQ(objection(command), "bad_topic") << topic;
  }
}

TEST(Command, has_a_bound_in_size_and_time) {
  Command command = good();
  command.payload.assign(MessageLimits::kPayloadBytes, 'x');
  EXPECT_EQ(objection(command), "");
  command.payload += 'x';
  EXPECT_EQ(objection(command), "too_large");
  command = good();
  command.expires_at = kNow;
  EXPECT_EQ(objection(command), "expired");
  command.expires_at = std::nullopt;
  EXPECT_EQ(objection(command), "no_expiry");
}

TEST(Command, leaves_the_broker_whole_seconds_and_at_least_one) {
  Command command = good();
  EXPECT_EQ(time_left(command, kNow), std::chrono::seconds(1));
  command.expires_at = kNow + 59'000'001;
  EXPECT_EQ(time_left(command, kNow), std::chrono::seconds(60));
  command.expires_at = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(time_left(command, kNow), kTimeLeftMax);
}

}  // namespace
}  // namespace dmp::bridge
