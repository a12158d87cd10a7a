// What the cloud says to the agent: what it has stored, and where it stands.
#include <algorithm>

#include "base/log.h"
#include "local-registry/agent.h"
#include "local-registry/core/resync.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::local {
namespace {

std::string_view word_of(ResyncStep step) {
  switch (step) {
    case ResyncStep::kIgnore:
      return "ignored";
    case ResyncStep::kReconnect:
      return "reconnects";
    case ResyncStep::kRestart:
      return "says everything again";
  }
  return "";
}

}  // namespace

void Agent::on(UplinkMessage& message) {
  const bool is_resync = message.topic == agent_topic(settings_.rae, TopicKind::kResync);
  const Status read =
      is_resync
          ? decode_resync(message.payload).map([this](const Resync& resync) { on_resync(resync); })
          : decode_confirm(message.payload).map([this](const Confirm& said) { on_confirm(said); });
  if (read) return;
  metrics_.bad_messages.add();
  log_warning("bad_message", {{"topic", message.topic}, {"error", read.error().message}});
}

void Agent::on_confirm(const Confirm& confirm) {
  for (const std::string& correlation : confirm.stored) settle(stamp_of(correlation));
  for (const Refusal& refusal : confirm.refused) {
    log_warning("message_refused", {{"correlation", refusal.correlation},
                                    {"code", refusal.code},
                                    {"look_into", "topic dmp.dead-letters"}});
    settle(stamp_of(refusal.correlation));
  }
  metrics_.confirmed.add(static_cast<double>(confirm.stored.size()));
  metrics_.refused.add(static_cast<double>(confirm.refused.size()));
  if (const auto stamp = foreign_stamp(confirm, stamps_->last())) on_foreign(*stamp, confirm);
}

void Agent::on_foreign(Timestamp stored, const Confirm& confirm) {
  if (!may_begin_again()) return;
  log_warning("foreign_stamp_stored", {{"stored", stored.us}, {"last", stamps_->last().us}});
  metrics_.foreign_stamps.add();
  // Above what else was said by then, too: of that the news may come while we reconnect.
  say_everything_above(std::max(stored, Timestamp{confirm.sent_at.us}));
}

// Not of a connection that is no more, nor instead of the goodbye.
bool Agent::may_begin_again() const { return session_.is_connected() && leave_by_ == SteadyTime{}; }

void Agent::settle(Timestamp stamp) {
  const auto session = outbox_->settled(stamp, now().steady);
  if (!session) return;
  if (pending_.settle.empty()) settle_by_ = now().steady + kSettleWithin;
  pending_.settle.push_back({*session, stamp});
}

void Agent::on_resync(const Resync& resync) {
  if (!may_begin_again()) return;
  const ResyncStep step = step_after(resync, stamps_->last(), session_.will_stamp());
  log_line(step == ResyncStep::kIgnore ? LogLevel::kInfo : LogLevel::kWarning, "resync",
           {{"floor", resync.floor.us},
            {"last", stamps_->last().us},
            {"sent_at", resync.sent_at.us},
            {"step", word_of(step)}});
  if (step == ResyncStep::kIgnore) return;
  metrics_.resyncs.add();
  if (step == ResyncStep::kRestart) {
    // What is still on its way may be stored yet, above the floor, unless the cloud must refuse it.
    const Timestamp latest = latest_at(resync.sent_at);
    const Timestamp floor = std::max(resync.floor, registry_.greatest_stamp(latest));
    // Its time first: the stamps that follow are taken by it.
    cloud_time_.heard(resync.sent_at, ports_.clock.steady());
    return say_everything_above(floor);
  }
  is_connected_ = false;
  session_.reconnect();
}

void Agent::say_everything_above(Timestamp floor) {
  stamps_->resync(floor);
  outbox_->forget_unstored();
  registry_.say_everything_again(now());
  says_all_again_ = true;  // and above what another with our serial may say until then
  is_connected_ = false;
  session_.reconnect();
}

}  // namespace dmp::local
