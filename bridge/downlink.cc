#include "bridge/downlink.h"

#include <utility>

#include "base/log.h"

namespace dmp::bridge {

Downlink::Downlink(std::string bridge, Commands& commands, Source& source,
                   const Presences& presences, Replies& replies, const Clock& clock,
                   Instruments& instruments)
    : bridge_(std::move(bridge)),
      commands_(commands),
      source_(source),
      presences_(presences),
      replies_(replies),
      clock_(clock),
      instruments_(instruments) {}

void Downlink::connected() {
  is_connected_ = true;
  commands_.begin();
}

void Downlink::ended() {
  if (!is_connected_) return;
  is_connected_ = false;
  commands_.end();
  progress_.clear();
  waiting_.reset();
}

void Downlink::turn() {
  if (!is_connected_) return;
  for (const std::uint64_t ticket : replies_.take_done()) finish(ticket);
  for (int i = 0; i < kPerTurn && progress_.under_way() < kUnderWayMax; ++i) {
    if (!waiting_) waiting_ = commands_.take();
    if (!waiting_ || !handle(*waiting_)) break;
    waiting_.reset();
  }
  replies_.send_on();
}

// False: not now.
bool Downlink::handle(const Command& command) {
  const std::int64_t now = clock_.wall_us();
  if (const auto objection = objection_to(command, bridge_, now)) {
    instruments_.not_passed_on(objection->code);
    if (objection->code != "other_bridge") {
      log_warning("command_not_passed_on", {{"topic", command.topic},
                                            {"code", objection->code},
                                            {"reason", objection->message},
                                            {"partition", command.partition},
                                            {"offset", command.offset}});
    }
    finish(progress_.begin(command.partition, command.offset));
    return true;
  }
  if (auto reply = away_reply(command, presences_, now)) return answer(command, std::move(*reply));
  return pass_on(command, now);
}

bool Downlink::pass_on(const Command& command, std::int64_t now) {
  const std::uint64_t ticket = progress_.begin(command.partition, command.offset);
  const auto given = source_.publish({.topic = command.topic,
                                      .payload = command.payload,
                                      .expiry = time_left(command, now),
                                      .ticket = ticket});
  if (given) return true;
  progress_.withdraw(ticket);
  return false;
}

bool Downlink::answer(const Command& command, Reply reply) {
  const std::uint64_t ticket = progress_.begin(command.partition, command.offset);
  if (!replies_.add(ticket, std::move(reply), clock_.steady())) {
    progress_.withdraw(ticket);
    return false;
  }
  instruments_.not_passed_on("away");
  log_debug("command_answered_away", {{"topic", command.topic}});
  return true;
}

void Downlink::answered(std::uint64_t ticket, const std::string& refusal) {
  if (refusal.empty()) {
    instruments_.passed_on.add();
  } else {
    instruments_.not_passed_on("refused_by_broker");
    log_warning("command_refused_by_broker", {{"reason", refusal}});
  }
  finish(ticket);
}

void Downlink::finish(std::uint64_t ticket) {
  if (const auto step = progress_.done(ticket)) commands_.done(step->partition, step->next);
}

}  // namespace dmp::bridge
