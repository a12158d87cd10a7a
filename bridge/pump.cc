#include "bridge/pump.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kLoopSilence{10};
constexpr std::chrono::milliseconds kObservation{250};

using Position = Valve::Position;

void log_level(std::string_view event, const WindowLevel& level) {
  log_warning(event, {{"window_bytes", level.bytes}, {"window_messages", level.messages}});
}

}  // namespace

Pump::Pump(WaterMarks marks, std::uint64_t seed, Uplink& uplink, Downlink& downlink, Window& window,
           Source& source, Wake& wake, const Clock& clock, Instruments& instruments)
    : uplink_(uplink),
      downlink_(downlink),
      window_(window),
      source_(source),
      wake_(wake),
      clock_(clock),
      instruments_(instruments),
      valve_(marks),
      link_(seed),
      last_turn_(clock.steady()),
      ready_{false, "starting"} {}

void Pump::run(const std::stop_token& stop) {
  const std::stop_callback wake_to_stop(stop, [this] { wake_.notify(); });
  while (!stop.stop_requested()) {
    const SteadyTime next = turn();
    const SteadyTime now = clock_.steady();
    wake_.set_rest(pace_.rest_after(now, uplink_.taken()));
    wake_.wait_until(next, now);
  }
  drain();
}

SteadyTime Pump::turn() {
  last_turn_ = clock_.steady();
  uplink_.turn();
  hear();
  begin_commands();
  steer();
  listen();
  // While nothing is read, answers to commands are not read either.
  if (link_.is_up() && !stopping_ && valve_.position() == Position::kOpen) downlink_.turn();
  answer(false);
  observe();
  SteadyTime next = std::min(uplink_.next_turn(), next_observation_);
  if (link_.state() == Link::State::kDown && !stopping_ && valve_.position() == Position::kOpen) {
    next = std::min(next, link_.next_attempt());
  }
  next = std::min(next, valve_.closes_at().value_or(next));
  if (link_.is_up()) next = std::min(next, uplink_.confirmations().next_due().value_or(next));
  next = std::min(next, echo_.next_due().value_or(next));
  return next;
}

void Pump::hear() {
  while (const auto event = source_.poll()) on(*event);
}

void Pump::on(const SourceEvent& event) {
  switch (event.kind) {
    case SourceEvent::Kind::kUp:
      return on_up(event.session_present);
    case SourceEvent::Kind::kSubscribed:
      return on_subscribed();
    case SourceEvent::Kind::kDown:
      return on_down(event.reason);
    case SourceEvent::Kind::kAnswered:
      return downlink_.answered(event.ticket, event.reason, event.unheard);
    case SourceEvent::Kind::kEchoed:
      return on_echo(event.ticket);
  }
}

void Pump::on_echo(std::uint64_t number) {
  instruments_.echoes_heard.add();
  const auto took = echo_.returned(number, clock_.steady());
  if (took) instruments_.echo_seconds.set(std::chrono::duration<double>(*took).count());
}

void Pump::listen() {
  const SteadyTime now = clock_.steady();
  const std::uint64_t before = std::exchange(arrived_, arrived());
  if (arrived_ != before || valve_.position() != Position::kOpen) echo_.heard(now);
  if (const auto number = echo_.take_due(now)) source_.echo(*number);
}

void Pump::on_up(bool session_present) {
  instruments_.connects.add();
  log_info("mqtt_up", {{"session_present", session_present}});
  if (link_.connected(session_present)) {
    uplink_.presences().forget_all();
    instruments_.sessions_lost.add();
    log_error("mqtt_session_lost",
              {{"meaning", "the broker forgot what it had queued for us; agents send it again"}});
  }
}

std::uint64_t Pump::arrived() const { return uplink_.freed() + window_.level().messages; }

void Pump::on_subscribed() {
  log_info("mqtt_subscribed");
  is_subscribed_ = true;
  link_.subscribed();
  echo_.begin(clock_.steady());
  heard_at_ = arrived();
}

// Not before the loop has heard of who came and went meanwhile, as far as that has arrived.
void Pump::begin_commands() {
  if (!heard_at_ || uplink_.taken() < *heard_at_) return;
  heard_at_.reset();
  downlink_.connected();
}

void Pump::on_down(const std::string& reason) {
  const bool wanted = link_.state() == Link::State::kLeaving;
  log_line(wanted ? LogLevel::kInfo : LogLevel::kWarning, "mqtt_down", {{"reason", reason}});
  link_.ended(clock_.steady());
  // From now on a RAE may come or go unheard. What the broker queues of that is heard afterwards.
  uplink_.presences().forget_all();
  is_subscribed_ = false;
  echo_.end();
  heard_at_.reset();
  down_reason_ = reason;
  downlink_.ended();
}

void Pump::turn_valve(const WindowLevel& level) {
  const Position before = valve_.position();
  const Position now = valve_.update(level.bytes, level.messages, clock_.steady());
  if (now == Position::kOpen) source_.read_on();
  if (now == before) return;
  if (now == Position::kHolding) instruments_.holds.add();
  if (now == Position::kClosed) log_level("valve_closed", level);
  if (before == Position::kClosed) {
    log_level("valve_opened", level);
    link_.put_off(clock_.steady());
  }
}

void Pump::steer() {
  const WindowLevel level = window_.level();
  turn_valve(level);
  if (level.refused > window_refused_) {
    instruments_.window_refused.add(static_cast<double>(level.refused - window_refused_));
    log_error("window_refused", {{"messages", level.refused - window_refused_}});
    window_refused_ = level.refused;
  }
  const bool may_connect = valve_.position() == Position::kOpen;
  const bool may_stay = valve_.position() != Position::kClosed;
  const bool wanted = !stopping_ && (link_.is_up() ? may_stay : may_connect);
  switch (link_.decide(wanted, clock_.steady())) {
    case Link::Action::kConnect:
      source_.connect();
      break;
    case Link::Action::kDisconnect:
      source_.disconnect();
      break;
    case Link::Action::kNone:
      break;
  }
}

void Pump::answer(bool all) {
  Confirmations& confirmations = uplink_.confirmations();
  const std::uint64_t dropped = confirmations.dropped();
  instruments_.confirmations_lost.add(static_cast<double>(dropped - confirmations_dropped_));
  confirmations_dropped_ = dropped;
  if (!link_.is_up()) return;
  const SteadyTime now = clock_.steady();
  bool is_full = false;
  for (Confirmation& each : confirmations.take_due(now, all)) {
    if (!is_full) {
      each.confirm.sent_at = {clock_.wall_us()};
      is_full = !source_.publish({.topic = agent_topic(each.rae, TopicKind::kConfirm),
                                  .payload = encode(each.confirm),
                                  .expiry = kConfirmationExpiry});
    }
    if (is_full) {
      confirmations.put_back(std::move(each), now);
    } else {
      instruments_.confirmed.add(
          static_cast<double>(each.confirm.stored.size() + each.confirm.refused.size()));
    }
  }
}

void Pump::observe() {
  if (clock_.steady() < next_observation_) return;
  next_observation_ = clock_.steady() + kObservation;
  uplink_.observe();
  instruments_.connected.set(is_subscribed_ ? 1 : 0);
  instruments_.valve_open.set(valve_.position() == Position::kClosed ? 0 : 1);
  const Verdict now = readiness();
  const std::lock_guard lock(mutex_);
  ready_ = now;
}

Verdict Pump::readiness() const {
  const auto stored = uplink_.last_stored();
  if (const auto trouble = uplink_.trouble()) return {false, "kafka: " + trouble->message};
  if (!stored) return {false, "kafka: has not acknowledged anything yet"};
  const std::string silence = std::to_string(Uplink::kSilence.count()) + " s";
  if (clock_.steady() - *stored > Uplink::kSilence) {
    return {false, "kafka: has not acknowledged anything for " + silence};
  }
  if (uplink_.is_stuck()) {
    return {false, "kafka: has owed an acknowledgement for " + silence};
  }
  if (valve_.position() == Position::kClosed) {
    return {false, "window: full, waiting for kafka; mqtt is closed"};
  }
  if (!link_.is_up()) return {false, "mqtt: " + down_reason_};
  if (!is_subscribed_) return {false, "mqtt: the broker has not answered our subscriptions yet"};
  if (echo_.is_deaf(clock_.steady())) {
    return {false, "mqtt: nothing has come for " + std::to_string(Echo::kSilence.count()) +
                       " s, not even what we sent to ourselves"};
  }
  return {true, "mqtt subscribed, kafka acknowledges"};
}

Verdict Pump::live() const {
  const auto silence = clock_.steady() - last_turn_.load();
  if (silence <= kLoopSilence) return {true, "the loop turns"};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence);
  return {false, "the loop has not turned for " + std::to_string(seconds.count()) + " s"};
}

Verdict Pump::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

template <class Condition>
void Pump::turn_until(SteadyTime deadline, Condition done) {
  for (;;) {
    const SteadyTime next = turn();
    if (done() || clock_.steady() >= deadline) return;
    wake_.wait_until(std::min(next, deadline), clock_.steady());
  }
}

// What has arrived by now is stored and confirmed while the connection is still there; what arrives
// until the connection ends is stored too, and repeated by its agent.
void Pump::drain() {
  const SteadyTime start = clock_.steady();
  const std::uint64_t goal = arrived();
  turn_until(start + kConfirmPatience, [&] { return !link_.is_up() || uplink_.freed() >= goal; });
  answer(true);
  stopping_ = true;
  turn_until(start + kStopPatience,
             [&] { return link_.state() == Link::State::kDown && window_.level().messages == 0; });
  log_info("stopped", {{"not_stored", window_.level().messages},
                       {"not_confirmed", uplink_.confirmations().pending()}});
}

}  // namespace dmp::bridge
