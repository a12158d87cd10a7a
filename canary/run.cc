#include "canary/run.h"

#include <algorithm>
#include <utility>

#include "schema/topics.h"

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;

constexpr int kBegunPerTurn = 8;  // then the sockets get their turn; a storm is one turn
constexpr milliseconds kTurnMost{50};
constexpr milliseconds kTurnWaiting{1};
constexpr std::chrono::seconds kReportEvery{1};
constexpr int kReadingsBefore = 3;
constexpr std::chrono::seconds kReadingsWithin{3};
constexpr std::chrono::seconds kEndWithin{2};  // holding, and leaving, when stopped

}  // namespace

Run::Run(RunSettings settings, Parts parts)
    : settings_(std::move(settings)), parts_(std::move(parts)) {
  const auto padding = padding_for(settings_.payload);
  for (std::int64_t number = 1; number <= settings_.load.clients; ++number) {
    clients_.push_back({.voice = Voice(settings_.name, number, padding), .ledger = {}});
  }
}

Micros Run::now() const { return since_start(parts_.clock.steady()); }

Micros Run::since_start(SteadyTime at) const {
  return std::chrono::duration_cast<Micros>(at - start_);
}

int Run::number_of(std::int64_t event) const {
  return static_cast<int>(event % settings_.load.clients);
}

Run::Client& Run::client_of(std::int64_t event) {
  return clients_[static_cast<std::size_t>(number_of(event))];
}

RunResult Run::run(const std::stop_token& stop) {
  if (parts_.cloud != nullptr) result_.lists_read = 0;
  start_ = parts_.clock.steady();
  wait_for_readings(stop);
  start_ = parts_.clock.steady();
  result_.started_us = parts_.clock.wall_us();
  for (PhasePlan plan : phases_of(settings_.load)) {
    if (stop.stop_requested()) {
      result_.interrupted = true;
      if (plan.phase != Phase::kHold && plan.phase != Phase::kLeave) continue;
      plan.over = Micros(0);
      plan.grace = kEndWithin;
    }
    run_phase(plan, stop);
    if (plan.phase == Phase::kLeave) finish_leaving(plan, stop);
  }
  close();
  return std::move(result_);
}

// How the platform stood before: what it is behind because of others is not the canary's.
void Run::wait_for_readings(const std::stop_token& stop) {
  if (!parts_.reads_metrics) return;
  const SteadyTime deadline = start_ + kReadingsWithin;
  while (readings_ < kReadingsBefore && !stop.stop_requested()) {
    const SteadyTime now = parts_.clock.steady();
    if (now >= deadline) return;
    if (auto seen = parts_.observations.pop_until(std::min(deadline, now + kTurnMost));
        seen && seen->reading) {
      seen->reading->at = Micros(readings_ - kReadingsBefore);
      result_.watch.take(*seen->reading);
      ++readings_;
    }
  }
}

// Stopped while clients left one after the other: who is still there leaves now.
void Run::finish_leaving(PhasePlan plan, const std::stop_token& stop) {
  if (!stop.stop_requested() || result_.interrupted) return;
  result_.interrupted = true;
  if (live_ == 0) return;
  plan.over = Micros(0);
  plan.grace = kEndWithin;
  run_phase(plan, stop);
}

void Run::run_phase(const PhasePlan& plan, const std::stop_token& stop) {
  const Micros began = now();
  PhaseRun phase(plan);
  done_ = 0;
  waiting_.clear();
  if (plan.phase == Phase::kHold && parts_.cloud != nullptr) parts_.cloud->take_census();
  for (;;) {
    begin_due(phase, began);
    retry_waiting(plan.phase);
    const Micros passed = now() - began;
    const bool settled = plan.phase != Phase::kHold || is_settled();
    const bool nobody_left =
        live_ == 0 && connecting_ == 0 && plan.phase != Phase::kConnect &&
        (plan.phase != Phase::kHold || settled || result_.tally.confirmed == 0);
    const bool at_deadline = passed >= plan.deadline();
    const bool over =
        at_deadline || nobody_left || (settled && phase.is_over(passed, answered(phase)));
    const bool cut = !over && stop.stop_requested() && !result_.interrupted;
    if (over || cut) {
      const bool in_time = !at_deadline && (settled || cut);
      result_.phases.push_back({plan, began, passed, in_time, phase.begun(), cut});
      break;
    }
    Micros wake = passed + (waiting_.empty() ? kTurnMost : kTurnWaiting);
    if (const auto due = phase.next_due()) wake = std::min(wake, *due);
    poll(start_ + began + wake);
    expire_connects();
    observe();
    report(plan.phase);
  }
  if (plan.phase == Phase::kPublish) result_.burst_end = now();
  if (stop.stop_requested()) return;  // what nobody waited for is nobody's fault
  give_up(phase);
}

void Run::begin_due(PhaseRun& phase, Micros began) {
  const bool is_storm = settings_.load.storm && phase.plan().phase == Phase::kConnect;
  const std::int64_t most = is_storm ? settings_.load.clients : kBegunPerTurn;
  for (std::int64_t begun = 0; begun < most; ++begun) {
    const auto event = phase.take_due(now() - began);
    if (!event) return;
    const Micros due = began + phase.plan().due(*event);
    const bool went = begin(phase.plan().phase, *event, due);
    // Its own lateness only: not what a full window or a client without room adds, nor what an
    // interruption does, which makes everybody's leaving due at once.
    if (!result_.interrupted) result_.tally.reached(Stage::kWireLate, due, now());
    if (went) continue;
    if (waiting_.size() < kWaitingMax) {
      waiting_.push_back({*event, due});
    } else {
      ++result_.tally.unsent;
    }
  }
}

void Run::retry_waiting(Phase phase) {
  const std::size_t turns = std::min<std::size_t>(waiting_.size(), kBegunPerTurn);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    if (begin(phase, next.event, next.due)) continue;
    if (phase == Phase::kPublish && now() - next.due > kGiveUpAfter) {
      ++result_.tally.unsent;
    } else {
      waiting_.push_back(next);
    }
  }
}

bool Run::begin(Phase phase, std::int64_t event, Micros due) {
  Client& client = client_of(event);
  const int number = number_of(event);
  switch (phase) {
    case Phase::kConnect:
      if (!settings_.load.storm && connecting_ >= settings_.connects_at_once) return false;
      begin_connect(number, due);
      return true;
    case Phase::kSubscribe:
      begin_subscribe(number, due);
      return true;
    case Phase::kPublish:
      if (client.state == State::kConnected && !client.ledger.has_room()) return false;
      begin_update(number, due);
      return true;
    case Phase::kLeave:
      begin_leave(number);
      return true;
    case Phase::kHold:
      return true;
  }
  return true;
}

void Run::begin_connect(int number, Micros due) {
  Client& client = clients_[static_cast<std::size_t>(number)];
  const RaeSerial& rae = client.voice.rae();
  const std::int64_t wall_us = parts_.clock.wall_us();
  client.due = due;
  client.began_at = now();
  // As a real agent: two stamps, the later one for the Will.
  const Timestamp online = client.voice.stamp(wall_us);
  const Timestamp will = client.voice.stamp(online.us + 1);
  const auto status =
      parts_.fleet.connect(number, {rae.str(), agent_topic(rae, TopicKind::kPresence),
                                    client.voice.presence(will, AgentStatus::kOffline)});
  if (!status) {
    client.state = State::kGone;
    result_.tally.refused.add({ConnectStep::kReach, status.error().message});
    return;
  }
  client.online = online;
  client.state = State::kConnecting;
  ++connecting_;
}

void Run::begin_subscribe(int number, Micros due) {
  Client& client = clients_[static_cast<std::size_t>(number)];
  if (client.state != State::kConnected) return;
  client.due = due;
  // One that failed is told of by the connection's end.
  (void)parts_.fleet.subscribe(number, agent_topic(client.voice.rae(), TopicKind::kConfirm));
}

void Run::begin_update(int number, Micros due) {
  Client& client = clients_[static_cast<std::size_t>(number)];
  if (client.state != State::kConnected) {
    ++result_.tally.unsent;
    return;
  }
  const RaeSerial& rae = client.voice.rae();
  const Timestamp stamp = client.voice.stamp(result_.started_us + due.count());
  const auto id = parts_.fleet.publish(
      number, {device_topic(rae, client.voice.session(), TopicKind::kUpdate),
               client.voice.update(stamp, stamp.us), agent_topic(rae, TopicKind::kConfirm),
               std::to_string(stamp.us)});
  if (!id) {
    ++result_.tally.unsent;
    return;
  }
  client.ledger.sent(stamp, *id, due);
  ++unacknowledged_;
  ++result_.tally.sent;
  ++result_.tally.second(now()).sent;
}

void Run::begin_leave(int number) {
  Client& client = clients_[static_cast<std::size_t>(number)];
  if (client.state != State::kConnected || client.leaving) return;
  client.leaving = true;
  const Timestamp stamp = client.voice.stamp(parts_.clock.wall_us());
  // Sent in this order on one connection; the Will would say the same if this were lost.
  (void)parts_.fleet.publish(number, {agent_topic(client.voice.rae(), TopicKind::kPresence),
                                      client.voice.presence(stamp, AgentStatus::kOffline),
                                      {},
                                      {}});
  parts_.fleet.leave(number);
}

void Run::expire_connects() {
  const Micros at = now();
  if (at < next_expiry_) return;
  next_expiry_ = at + settings_.connect_timeout;
  expire_connects(at - settings_.connect_timeout);
}

void Run::expire_connects(Micros limit) {
  if (connecting_ == 0) return;
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    Client& client = clients_[number];
    if (client.state != State::kConnecting) continue;
    if (client.began_at > limit) {
      next_expiry_ = std::min(next_expiry_, client.began_at + settings_.connect_timeout);
      continue;
    }
    parts_.fleet.abandon(static_cast<int>(number));
    gone(client);
    result_.tally.refused.add({ConnectStep::kAnswer, "no CONNACK in time"});
  }
}

// What the phase leaves undone at its end: what waits, and what never came to be due.
void Run::give_up(const PhaseRun& phase) {
  const auto left = static_cast<std::int64_t>(waiting_.size()) + phase.left();
  waiting_.clear();
  if (phase.plan().phase == Phase::kPublish) result_.tally.unsent += left;
  if (phase.plan().phase != Phase::kConnect) return;
  expire_connects(now());
  for (std::int64_t client = 0; client < left; ++client) {
    result_.tally.refused.add(
        {ConnectStep::kNeverBegun, "never begun: earlier connects did not end"});
  }
}

std::int64_t Run::answered(const PhaseRun& phase) const {
  const auto waiting = static_cast<std::int64_t>(waiting_.size());
  switch (phase.plan().phase) {
    case Phase::kConnect:
      return phase.begun() - waiting - connecting_;
    case Phase::kSubscribe:
      return std::min(phase.begun(), done_ + settings_.load.clients - live_);
    case Phase::kPublish:
      return phase.begun() - waiting - unacknowledged_;
    case Phase::kHold:
      return 0;
    case Phase::kLeave:
      return std::min(phase.begun(), settings_.load.clients - live_);
  }
  return 0;
}

bool Run::is_settled() const {
  // Who is gone hears of no confirmation; the list shows what it was told all the same.
  const bool all_confirmed =
      std::all_of(clients_.begin(), clients_.end(), [](const Client& client) {
        return client.state != State::kConnected || client.ledger.unconfirmed() == 0;
      });
  const bool all_visible = parts_.cloud == nullptr || result_.tally.not_visible == 0;
  return all_confirmed && result_.watch.lag_is_back() && all_visible;
}

void Run::close() {
  // Who was interrupted did not wait for the rest.
  if (result_.interrupted) result_.tally.not_visible.reset();
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    Client& client = clients_[number];
    if (!result_.interrupted) result_.tally.lost += client.ledger.unconfirmed();
    if (client.state != State::kConnected) continue;
    parts_.fleet.abandon(static_cast<int>(number));
    ++result_.tally.forced;
  }
  result_.took = now();
}

void Run::report(Phase phase) {
  const Micros at = now();
  Second& second = result_.tally.second(at);
  second.connected = live_;
  second.lag = result_.watch.lag();
  if (at < next_report_) return;
  next_report_ = at + kReportEvery;
  if (!parts_.report) return;
  parts_.report({phase, at, settings_.load.clients, live_, &result_.tally, second.lag});
}

}  // namespace dmp::canary
