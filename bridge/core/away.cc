#include "bridge/core/away.h"

#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bridge {

std::optional<Reply> away_reply(const Command& command, const Presences& presences,
                                std::int64_t wall_us) {
  const auto topic = parse_topic(command.topic);
  if (!topic || topic->kind != TopicKind::kCommand) return std::nullopt;
  if (!presences.is_away(topic->rae)) return std::nullopt;
  const auto id = decode_command_id(command.payload);
  if (!id) return std::nullopt;
  CommandReply reply;
  reply.command_id = *id;
  reply.timestamp = {wall_us};
  reply.state = ReplyState::kAway;
  reply.code = "rae_offline";
  reply.message = topic->rae.str() + " is offline";
  return Reply{device_topic(topic->rae, *topic->session, TopicKind::kReply), encode(reply),
               wall_us};
}

}  // namespace dmp::bridge
