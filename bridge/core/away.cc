#include "bridge/core/away.h"

#include <utility>

#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bridge {

std::optional<Asked> asked_by(const Command& command) {
  auto topic = parse_topic(command.topic);
  if (!topic || topic->kind != TopicKind::kCommand) return std::nullopt;
  auto id = decode_command_id(command.payload);
  if (!id) return std::nullopt;
  return Asked{std::move(topic->rae), *topic->session, std::move(*id)};
}

Reply away_reply(const Asked& asked, Absence absence, std::int64_t wall_us) {
  const std::string rae = asked.rae.str();
  const bool said = absence == Absence::kSaid;
  CommandReply reply;
  reply.command_id = asked.command_id;
  reply.timestamp = {wall_us};
  reply.state = ReplyState::kAway;
  reply.code = said ? "rae_offline" : "nobody_subscribed";
  reply.message =
      said ? rae + " is offline" : "nobody at the broker is subscribed to the commands of " + rae;
  return Reply{device_topic(asked.rae, asked.session, TopicKind::kReply), encode(reply), wall_us};
}

}  // namespace dmp::bridge
