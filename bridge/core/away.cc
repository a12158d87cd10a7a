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

Reply away_reply(const Asked& asked, std::string_view how, std::int64_t wall_us) {
  CommandReply reply;
  reply.command_id = asked.command_id;
  reply.timestamp = {wall_us};
  reply.state = ReplyState::kAway;
  reply.code = "rae_offline";
  reply.message = asked.rae.str() + " " + std::string(how);
  return Reply{device_topic(asked.rae, asked.session, TopicKind::kReply), encode(reply), wall_us};
}

}  // namespace dmp::bridge
