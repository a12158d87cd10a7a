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
  asked_.clear();
  answers_.clear();
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
  hand_over_answers();
}

void Downlink::hand_over_answers() {
  while (!answers_.empty() && replies_.has_room()) {
    replies_.add(answers_.front().ticket, std::move(answers_.front().reply), clock_.steady());
    answers_.pop_front();
    instruments_.not_passed_on("away");
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
  auto asked = asked_by(command);
  if (!asked || !presences_.is_away(asked->rae)) return pass_on(command, std::move(asked), now);
  answer_away(progress_.begin(command.partition, command.offset), *asked, Absence::kSaid);
  return true;
}

bool Downlink::pass_on(const Command& command, std::optional<Asked> asked, std::int64_t now) {
  const std::uint64_t ticket = progress_.begin(command.partition, command.offset);
  const auto given = source_.publish({.topic = command.topic,
                                      .payload = command.payload,
                                      .expiry = time_left(command, now),
                                      .ticket = ticket});
  if (!given) {
    progress_.withdraw(ticket);
    return false;
  }
  if (asked && command.bridge == bridge_) asked_.emplace(ticket, std::move(*asked));
  return true;
}

void Downlink::answer_away(std::uint64_t ticket, const Asked& asked, Absence absence) {
  answers_.push_back({ticket, away_reply(asked, absence, clock_.wall_us())});
  log_debug("command_answered_away", {{"rae", asked.rae.str()}, {"command_id", asked.command_id}});
}

void Downlink::answered(std::uint64_t ticket, const std::string& refusal, bool unheard) {
  const auto asked = asked_.extract(ticket);
  if (!refusal.empty()) {
    instruments_.not_passed_on("refused_by_broker");
    log_warning("command_refused_by_broker", {{"reason", refusal}});
  } else if (unheard && !asked.empty()) {
    return answer_away(ticket, asked.mapped(), Absence::kUnheard);
  } else if (unheard) {
    instruments_.not_passed_on("unheard");
  } else {
    instruments_.passed_on.add();
  }
  finish(ticket);
}

void Downlink::finish(std::uint64_t ticket) {
  if (const auto step = progress_.done(ticket)) commands_.done(step->partition, step->next);
}

}  // namespace dmp::bridge
