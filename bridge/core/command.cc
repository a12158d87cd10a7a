#include "bridge/core/command.h"

#include <algorithm>

#include "bridge/core/message.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

bool goes_down(TopicKind kind) { return kind == TopicKind::kCommand || kind == TopicKind::kResync; }

Error objection(std::string code, std::string message) {
  return {std::move(code), std::move(message), Retry::kNo};
}

}  // namespace

std::optional<Error> objection_to(const Command& command, std::string_view bridge,
                                  std::int64_t wall_us) {
  if (!command.bridge.empty() && command.bridge != bridge) {
    return objection("other_bridge", "it is for bridge " + command.bridge);
  }
  const auto topic = parse_topic(command.topic);
  if (!topic) return objection("bad_topic", topic.error().message);
  if (!goes_down(topic->kind)) {
    return objection("bad_topic", command.topic + " is not a topic agents read commands from");
  }
  if (command.payload.size() > MessageLimits::kPayloadBytes) {
    return objection("too_large", std::to_string(command.payload.size()) + " bytes, at most " +
                                      std::to_string(MessageLimits::kPayloadBytes));
  }
  if (!command.expires_at) {
    return objection("no_expiry", "header " + std::string(kafka::kExpiresAt) +
                                      " is missing or not a number of microseconds");
  }
  if (*command.expires_at <= wall_us) return objection("expired", "its time is over");
  return std::nullopt;
}

std::chrono::seconds time_left(const Command& command, std::int64_t wall_us) {
  const std::chrono::microseconds left(command.expires_at.value_or(wall_us) - wall_us);
  return std::clamp<std::chrono::seconds>(std::chrono::ceil<std::chrono::seconds>(left),
                                          std::chrono::seconds(1), kTimeLeftMax);
}

}  // namespace dmp::bridge
