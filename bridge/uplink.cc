#include "bridge/uplink.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/log.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::uint64_t kHeartbeatTicket = std::numeric_limits<std::uint64_t>::max();

// Enough for full batches, little enough that reports and MQTT events are seen in time.
constexpr int kMessagesPerTurn = 1000;

// One that could not be sent is tried again.
constexpr std::chrono::seconds kHeartbeatAgain{1};

constexpr BackoffLimits kRebuild{.first = std::chrono::milliseconds(200),
                                 .most = std::chrono::milliseconds(2000)};

double seconds(SteadyTime::duration time) { return std::chrono::duration<double>(time).count(); }

double seconds_since(std::int64_t received_at, std::int64_t wall_us) {
  return static_cast<double>(std::max<std::int64_t>(wall_us - received_at, 0)) / 1e6;
}

}  // namespace

Uplink::Uplink(std::string bridge, Routes routes, Window& window, Sink& sink, const Clock& clock,
               Instruments& instruments)
    : bridge_(std::move(bridge)),
      routes_(std::move(routes)),
      window_(window),
      sink_(sink),
      clock_(clock),
      instruments_(instruments),
      builder_(bridge_),
      replies_(bridge_, sink),
      rebuild_backoff_(kRebuild, std::hash<std::string>()(bridge_)) {}

void Uplink::turn() {
  collect_reports();
  if (sink_.broken()) revive();
  if (sink_.broken()) return;
  beat();
  replies_.send_on();
  send_on();
}

SteadyTime Uplink::next_turn() const {
  if (sink_.broken()) return next_rebuild_;
  if (has_more_) return SteadyTime::min();
  return next_heartbeat_;
}

void Uplink::collect_reports() {
  const std::vector<Delivery> reports = sink_.poll();
  if (reports.empty()) return;
  const SteadyTime now = clock_.steady();
  const std::int64_t wall_us = clock_.wall_us();
  for (const Delivery& delivery : reports) {
    if (delivery.ticket == kHeartbeatTicket) {
      on_heartbeat(delivery, now);
    } else if (delivery.ticket >= Replies::kFirstTicket) {
      replies_.reported(delivery);
    } else if (delivery.rejection) {
      on_rejected(delivery.ticket, *delivery.rejection);
    } else {
      on_stored(delivery.ticket, now, wall_us);
    }
  }
  instruments_.stored.add(static_cast<double>(std::exchange(stored_, 0)));
  window_.free(finished_);
  freed_ += std::exchange(finished_, 0);
}

void Uplink::on_heartbeat(const Delivery& delivery, SteadyTime now) {
  heartbeat_.clear();
  if (delivery.rejection) {
    log_error("heartbeat_rejected", {{"reason", delivery.rejection->message}});
    return;
  }
  heartbeat_owed_since_.reset();
  last_stored_ = now;
  instruments_.heartbeats_stored.add();
  instruments_.heartbeat_seconds.set(seconds(now - heartbeat_sent_at_));
}

void Uplink::on_stored(std::uint64_t sequence, SteadyTime now, std::int64_t wall_us) {
  const Ticket& ticket = inflight_.at(sequence);
  last_stored_ = now;
  rebuild_backoff_.reset();
  instruments_.stored_after_seconds.observe(seconds_since(ticket.received_at, wall_us));
  instruments_.acknowledged_after_seconds.observe(seconds(now - ticket.sent_at));
  if (ticket.refusal) {
    instruments_.dead_lettered.add();
  } else {
    ++stored_;
  }
  if (ticket.asker && ticket.refusal) {
    confirmations_.refused(*ticket.asker, ticket.refusal->code, now);
  } else if (ticket.asker) {
    confirmations_.stored(*ticket.asker, now);
  }
  finished_ += inflight_.finish(sequence);
}

void Uplink::on_rejected(std::uint64_t sequence, const Error& rejection) {
  Ticket& ticket = inflight_.at(sequence);
  if (!inflight_.is_alone(sequence)) {
    instruments_.isolated.add();
    inflight_.isolate(sequence);
    return;
  }
  if (ticket.refusal) {
    // Neither stored nor refused: its sender is told nothing and will try again.
    instruments_.dead_letters_lost.add();
    log_error("dead_letter_rejected", {{"topic", window_.at(sequence).topic},
                                       {"code", ticket.refusal->code},
                                       {"reason", rejection.message}});
    finished_ += inflight_.finish(sequence);
    return;
  }
  instruments_.refused(rejection.code);
  log_warning("message_refused", {{"topic", window_.at(sequence).topic},
                                  {"code", rejection.code},
                                  {"reason", rejection.message}});
  ticket.refusal = rejection;
  inflight_.again(sequence);
}

void Uplink::revive() {
  const SteadyTime now = clock_.steady();
  if (now < next_rebuild_) return;
  if (started_) {
    instruments_.producer_rebuilds.add();
    log_warning("kafka_producer_rebuilt",
                {{"reason", sink_.broken()->message}, {"sent_again", inflight_.on_their_way()}});
  }
  started_ = true;
  next_rebuild_ = now + rebuild_backoff_.next();
  inflight_.lose_all();
  next_heartbeat_ = now;
  if (auto status = sink_.rebuild(); !status) {
    log_error("kafka_producer_failed", {{"reason", status.error().message}});
  }
  heartbeat_.clear();  // only now: the old producers borrowed it
  replies_.lose_all();
}

bool Uplink::is_late(std::optional<SteadyTime> owed_since) const {
  return owed_since && clock_.steady() - *owed_since > kSilence;
}

bool Uplink::are_messages_late() const {
  return is_late(inflight_.owed_since()) || is_late(replies_.owed_since());
}

bool Uplink::is_stuck() const { return are_messages_late() || is_late(heartbeat_owed_since_); }

void Uplink::beat() {
  const SteadyTime now = clock_.steady();
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + kHeartbeat;
  if (!heartbeat_.empty()) return;  // Kafka still owes a report of the last one
  if (!send_heartbeat(now)) next_heartbeat_ = now + kHeartbeatAgain;
}

// False: not now.
bool Uplink::send_heartbeat(SteadyTime now) {
  if (are_messages_late()) return false;  // it would vouch for what is not stored
  const std::int64_t sent_at = clock_.wall_us();
  heartbeat_ = encode(BridgeHeartbeat{.sent_at = {sent_at}, .bridge = bridge_});
  if (!sink_.send(kHeartbeatTicket, builder_.heartbeat(heartbeat_, sent_at))) {
    heartbeat_.clear();
    return false;
  }
  heartbeat_sent_at_ = now;
  if (!heartbeat_owed_since_) heartbeat_owed_since_ = now;
  return true;
}

void Uplink::send_on() {
  const std::uint64_t before = taken_;
  send_some();
  instruments_.received.add(static_cast<double>(taken_ - before));
}

void Uplink::send_some() {
  const SteadyTime now = clock_.steady();
  has_more_ = false;
  for (int sent = 0; sent < kMessagesPerTurn; ++sent) {
    if (!send_waiting(now)) return;
    if (!inflight_.may_take() || !take_one()) return;
  }
  has_more_ = true;
}

// False if something waits that cannot be sent now.
bool Uplink::send_waiting(SteadyTime now) {
  while (const auto sequence = inflight_.next()) {
    const Message message = window_.at(*sequence);
    const Ticket& ticket = inflight_.at(*sequence);
    const Record& record = ticket.refusal ? builder_.dead_letter(message, *ticket.refusal)
                                          : builder_.record(message, ticket.route->kafka_topic);
    if (!sink_.send(*sequence, record)) return false;
    inflight_.sent(*sequence, now);
  }
  return true;
}

bool Uplink::take_one() {
  const auto message = window_.take();
  if (!message) return false;
  Routed routed = routes_.route(*message);
  ++taken_;
  if (message->duplicate) instruments_.duplicates.add();
  if (message->properties_dropped > 0) {
    instruments_.properties_dropped.add(message->properties_dropped);
  }
  if (routed.refusal) {
    instruments_.refused(routed.refusal->code);
    log_warning("message_refused", {{"topic", message->topic},
                                    {"code", routed.refusal->code},
                                    {"reason", routed.refusal->message}});
  }
  if (!routed.refusal && routed.route->tells_presence) listen(*message);
  inflight_.add({.received_at = message->received_at,
                 .route = routed.route,
                 .asker = std::move(routed.asker),
                 .refusal = std::move(routed.refusal)});
  return true;
}

// What it cannot read is the registry's to refuse.
void Uplink::listen(const Message& message) {
  const auto topic = parse_topic(message.topic);
  if (!topic) return;
  const auto presence = decode_agent_presence(message.payload, topic->rae);
  if (presence) presences_.hear(topic->rae, *presence, message.received_at);
}

void Uplink::observe() {
  const WindowLevel level = window_.level();
  instruments_.window_messages.set(static_cast<double>(level.messages));
  instruments_.window_bytes.set(static_cast<double>(level.bytes));
  instruments_.in_flight.set(static_cast<double>(inflight_.on_their_way()));
  instruments_.raes_known.set(static_cast<double>(presences_.known()));
  instruments_.raes_forgotten.add(static_cast<double>(presences_.forgotten() - raes_forgotten_));
  raes_forgotten_ = presences_.forgotten();
  const bool holds_any = inflight_.unfinished() > 0;
  instruments_.window_oldest_seconds.set(
      holds_any ? seconds_since(window_.at(freed_).received_at, clock_.wall_us()) : 0);
}

}  // namespace dmp::bridge
