// What the clients, and those who look at the platform, tell a run.
#include <algorithm>

#include "base/log.h"
#include "canary/run.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::canary {
namespace {

constexpr int kNoSubscriber = 0x10;

}  // namespace

void Run::poll(SteadyTime deadline) {
  events_.clear();
  parts_.fleet.poll(deadline, events_);
  for (FleetEvent& event : events_) handle(event);
}

void Run::handle(FleetEvent& event) {
  Client& client = clients_[static_cast<std::size_t>(event.client)];
  switch (event.kind) {
    case FleetEvent::Kind::kConnected:
      return on_connected(client, event);
    case FleetEvent::Kind::kRefused:
      result_.tally.refused.add({event.step, event.text});
      return gone(client);
    case FleetEvent::Kind::kSubscribed:
      return on_subscribed(client, event);
    case FleetEvent::Kind::kAcknowledged:
      return on_acknowledged(client, event);
    case FleetEvent::Kind::kMessage:
      return on_confirm(client, event);
    case FleetEvent::Kind::kLeft:
      ++result_.tally.left;
      return gone(client);
    case FleetEvent::Kind::kDisconnected:
      result_.tally.disconnected.add(event.text);
      return gone(client);
  }
}

void Run::on_connected(Client& client, const FleetEvent& event) {
  if (client.state != State::kConnecting) return;
  client.state = State::kConnected;
  --connecting_;
  ++live_;
  const Micros at = since_start(event.at);
  ++result_.tally.connected;
  const Micros tcp = since_start(event.tcp), tls = since_start(event.tls);
  result_.tally.reached(Stage::kConnect, client.due, at);
  result_.tally.reached(Stage::kConnectTcp, client.began_at, tcp);
  result_.tally.reached(Stage::kConnectTls, tcp, tls);
  result_.tally.reached(Stage::kConnectMqtt, tls, at);
  if (event.code > 0) {
    ++result_.tally.retransmitted;
  } else {
    result_.tally.connect_without_retransmit.record(at - client.due);
  }
  // A failed one is told of by the connection's end.
  (void)parts_.fleet.publish(event.client,
                             {agent_topic(client.voice.rae(), TopicKind::kPresence),
                              client.voice.presence(client.online, AgentStatus::kOnline),
                              {},
                              {}});
}

void Run::on_subscribed(Client& client, const FleetEvent& event) {
  if (client.subscribed) return;
  client.subscribed = true;
  ++done_;
  result_.tally.reached(Stage::kSuback, client.due, since_start(event.at));
  ++(event.code >= kFirstRefusal ? result_.tally.suback_refused : result_.tally.subscribed);
}

void Run::on_acknowledged(Client& client, const FleetEvent& event) {
  const auto due = client.ledger.acknowledged(event.message_id, event.code < kNoSubscriber);
  if (!due) return;  // a presence
  --unacknowledged_;
  const Micros at = since_start(event.at);
  result_.tally.reached(Stage::kPuback, *due, at);
  if (event.code >= kFirstRefusal) {
    ++result_.tally.forbidden;
  } else if (event.code >= kNoSubscriber) {
    ++result_.tally.not_taken;
  } else {
    ++result_.tally.acknowledged;
    ++result_.tally.second(at).acknowledged;
  }
}

void Run::on_confirm(Client& client, const FleetEvent& event) {
  const auto confirm = decode_confirm(event.text);
  if (!confirm) {
    log_warning("bad_confirm", {{"error", confirm.error().message}});
    return;
  }
  const std::int64_t unacknowledged = client.ledger.unacknowledged();
  const Micros at = since_start(event.at);
  for (const std::string& correlation : confirm->stored) {
    const auto [word, due] = client.ledger.confirmed(stamp_of(correlation));
    result_.tally.duplicates += word == Ledger::Word::kAgain ? 1 : 0;
    result_.tally.reordered += word == Ledger::Word::kLate ? 1 : 0;
    result_.tally.unknown += word == Ledger::Word::kUnknown ? 1 : 0;
    if (word != Ledger::Word::kFirst && word != Ledger::Word::kLate) continue;
    ++result_.tally.confirmed;
    ++result_.tally.second(at).confirmed;
    result_.tally.reached(Stage::kConfirmed, due, at);
  }
  for (const Refusal& refusal : confirm->refused) {
    if (client.ledger.refused(stamp_of(refusal.correlation))) ++result_.tally.rejected;
  }
  unacknowledged_ += client.ledger.unacknowledged() - unacknowledged;
}

void Run::gone(Client& client) {
  if (client.state == State::kConnecting) --connecting_;
  if (client.state == State::kConnected) {
    --live_;
    // Nobody will acknowledge these any more.
    unacknowledged_ -= client.ledger.unacknowledged();
    if (client.subscribed) --done_;
  }
  client.state = State::kGone;
}

void Run::observe() {
  while (auto seen = parts_.observations.try_pop()) {
    if (seen->reading) {
      seen->reading->at = now();
      result_.watch.take(*seen->reading);
    }
    if (seen->sighting && seen->sighting->due_us >= result_.started_us) {
      result_.tally.reached(Stage::kVisible, Micros(seen->sighting->due_us - result_.started_us),
                            Micros(seen->sighting->seen_us - result_.started_us));
    }
    if (seen->census) compare(*seen->census);
  }
}

// Whether what Kafka has is what the list shows, of each client.
void Run::compare(const Census& census) {
  result_.tally.not_visible =
      std::count_if(clients_.begin(), clients_.end(), [&](const Client& client) {
        const Timestamp confirmed = client.ledger.last_confirmed();
        if (!confirmed.is_set()) return false;
        const auto shown = census.find(client.voice.rae().str());
        return shown == census.end() || shown->second < confirmed.us;
      });
  ++*result_.lists_read;
}

}  // namespace dmp::canary
