// The turn and what it performs. What the cloud says is in agent_messages.cc.
#include "local-registry/agent.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::local {
namespace {

constexpr std::chrono::milliseconds kCommitAgain{1000};
constexpr std::chrono::milliseconds kGoodbyeWithin{1500};
constexpr std::chrono::seconds kTurnOverdue{10};
// After the last takeover. So long may a resync take that tells us to be below the other's stamps.
constexpr std::chrono::minutes kDoubtFor{3};
// Less on average than the time between two takeovers, so that no flapping leads into the future.
constexpr std::uint32_t kStepAsideUs = 1 << 16;

}  // namespace

Agent::Agent(AgentSettings settings, const std::vector<Profile>& profiles, Identifiers& identifiers,
             AgentPorts ports, EventQueue& events, Metrics& metrics)
    : settings_(std::move(settings)),
      ports_(ports),
      events_(events),
      metrics_(metrics),
      registry_(profiles, identifiers, settings_.limits),
      snapshots_(settings_.snapshot_interval, settings_.seed),
      session_(settings_.seed),
      random_(static_cast<std::minstd_rand::result_type>(settings_.seed)) {}

Status Agent::load() {
  auto stored = ports_.store.load();
  if (!stored) return tl::unexpected(stored.error());
  stamps_ = std::make_unique<HybridClock>(stored->ceiling);
  outbox_ = std::make_unique<Outbox>(stored->outbox, settings_.seed);
  registry_.restore(stored->sessions, now());
  registry_.probe_addresses(settings_.static_addresses, now());
  is_store_good_ = true;
  step_aside();
  log_info("store_loaded", {{"sessions", stored->sessions.size()},
                            {"outbox", stored->outbox.size()},
                            {"ceiling", stored->ceiling.us}});
  return {};
}

void Agent::doubt() {
  log_error("serial_used_twice", {{"serial", settings_.rae.str()},
                                  {"error", "another agent uses our serial; find and stop it"}});
  metrics_.taken_over.add();
  says_all_again_ = true;
  undisturbed_at_ = now().steady + kDoubtFor;
  step_aside();
}

// Two copies of one disk whose clocks are both behind would go on with the same stamps, and the
// cloud could not tell whose comes later.
void Agent::step_aside() {
  stamps_->next(now().wall_us, 1 + static_cast<std::int64_t>(random_() % kStepAsideUs));
}

void Agent::run(const std::stop_token& stop) {
  DMP_CHECK(stamps_ != nullptr);
  while (!stop.stop_requested()) {
    turn();
    std::this_thread::sleep_for(
        std::min<SteadyTime::duration>(rests_until() - now().steady, kRest));
    // A stop request wakes nobody, so no wait is longer than a fifth of a second.
    const SteadyTime latest = now().steady + std::chrono::milliseconds(200);
    if (auto event = events_.pop_until(std::min(next_turn(), latest))) handle(*event);
  }
  begin_leave();
  while (!has_left()) {
    if (auto event = events_.pop_until(leave_by_)) handle(*event);
  }
}

SteadyTime Agent::rests_until() const {
  return events_.size() < kEventsPerTurn ? rested_at_ : SteadyTime{};
}

void Agent::turn() {
  last_turn_ns_ = now().steady.time_since_epoch().count();
  take_events();
  registry_.tick(now());
  perform_effects();
  // What was decided before the database refused goes first, as it is: what changes meanwhile stays
  // marked in the core, where it takes no more room however long the refusal lasts.
  if (!is_store_good_ && !commit()) return;
  collect();
  if (!commit()) return;
  connect_if_due();
  send_due();
  count();
}

SteadyTime Agent::next_turn() const {
  if (!is_store_good_) return retry_commit_at_;
  SteadyTime next =
      std::min({registry_.next_tick(), session_.next_due(), snapshots_.next_due(), settle_by_});
  if (session_.is_connected()) next = std::min(next, outbox_->next_due());
  return next;
}

void Agent::take_events() {
  for (std::size_t i = 0; i < kEventsPerTurn; ++i) {
    auto event = events_.try_pop();
    if (!event) return;
    handle(*event);
  }
}

void Agent::handle(Event& event) {
  std::visit([this](auto& each) { on(each); }, event);
}

void Agent::on(Sighting& sighting) { registry_.apply(sighting, now()); }

void Agent::on(UplinkConnected&) {
  for (const TopicKind kind : {TopicKind::kResync, TopicKind::kConfirm}) {
    const auto subscribed = ports_.uplink.subscribe(agent_topic(settings_.rae, kind));
    if (subscribed) continue;
    UplinkLost lost{subscribed.error().message};
    return on(lost);
  }
  log_info("uplink_connected");
  metrics_.connections.add();
  is_connected_ = true;
  session_.connected(now().steady);
  if (says_all_again_) registry_.say_everything_again(now());
  says_all_again_ = now().steady < undisturbed_at_;
  outbox_->connected();
  unanswered_.clear();
}

void Agent::on(UplinkLost& lost) {
  log_warning("uplink_lost", {{"why", lost.why}});
  metrics_.connections_lost.add();
  is_connected_ = false;
  const bool was_connected = session_.is_connected();
  session_.lost(now().steady);
  if (lost.taken_over || (was_connected && session_.is_contested())) doubt();
}

void Agent::on(UplinkAnswered& answered) {
  const bool delivered = answered.reason == kUplinkDelivered;
  // The broker has it: as good as it gets, also if nobody is subscribed.
  if (answered.reason < kUplinkFailed && answered.publish == goodbye_) goodbye_ = -1;
  // The outbox sends it again in its time; a presence is repeated anyway.
  if (!delivered) metrics_.undelivered.add();
  const auto sent = unanswered_.extract(answered.publish);
  if (delivered && !sent.empty()) settle(sent.mapped());
}

void Agent::collect() {
  for (SessionChange& change : registry_.take_changes(*stamps_, now())) {
    const SessionId id = change.record.id;
    const bool is_end = change.has_message && change.message.kind == UpdateKind::kEnded;
    if (is_end) {
      std::erase_if(pending_.keep, [&](const SessionRecord& kept) { return kept.id == id; });
      pending_.forget.push_back(id);
      log_info("session_ended", {{"session", id.str()}, {"reason", change.message.reason}});
    } else {
      pending_.keep.push_back(std::move(change.record));
    }
    if (change.has_message) pending_.send.push_back(outbox_->add(id, std::move(change.message)));
  }
  if (!is_store_good_) return;
  if (session_.is_connected()) {
    add_snapshots();
    if (session_.roster_due(now().steady)) add_roster();
  }
  if (session_.connect_due(now().steady) && !will_) {
    const Timestamp first = stamps_->next(now().wall_us, UplinkSession::kStampsPerConnection);
    will_ = session_.connecting(first, now().steady);
  }
}

void Agent::add_roster() {
  outbox_->add_roster({stamps_->next(now().wall_us), registry_.live_sessions()});
  session_.roster_made(now().steady);
}

void Agent::add_snapshots() {
  for (const SessionId& id : snapshots_.take_due(registry_.live_sessions(), now().steady)) {
    const Facets* facets = registry_.facets(id);
    DMP_CHECK(facets != nullptr);
    outbox_->add_snapshot(id, {UpdateKind::kSnapshot, stamps_->next(now().wall_us), *facets, ""});
  }
}

bool Agent::commit() {
  pending_.ceiling = stamps_->uncovered();
  if (pending_.only_settles() && now().steady < settle_by_) return is_store_good_;
  if (!is_store_good_ && now().steady < retry_commit_at_) return false;
  if (const auto status = ports_.store.commit(pending_); !status) {
    log_error("store_failed", {{"error", status.error().message}});
    metrics_.store_errors.add();
    is_store_good_ = false;
    retry_commit_at_ = now().steady + kCommitAgain;
    return false;
  }
  metrics_.transactions.add();
  is_store_good_ = true;
  rested_at_ = now().steady + kRest;
  if (pending_.ceiling) stamps_->covered(*pending_.ceiling);
  pending_ = {};
  settle_by_ = SteadyTime::max();
  return true;
}

void Agent::perform_effects() {
  RegistryEffects effects = registry_.take_effects();
  if (effects.roster_changed) session_.roster_changed();
  const auto tell_kernel = [this](const std::string& address, bool watch) {
    if (ports_.neighbours == nullptr) return;
    const auto status =
        watch ? ports_.neighbours->watch(address) : ports_.neighbours->unwatch(address);
    if (status) return;
    // An entry that is gone already needs no removing.
    log_debug("neighbour_not_set", {{"error", status.error().message}, {"watch", watch}});
    if (watch) metrics_.watch_errors.add();
  };
  for (const std::string& address : effects.unwatch) tell_kernel(address, false);
  for (const std::string& address : effects.watch) tell_kernel(address, true);
  for (const ProbeOrder& order : effects.probes) {
    if (ports_.prober.ask(order)) continue;
    metrics_.probes_refused.add();
    registry_.probe_refused(order.session, now());
  }
}

void Agent::connect_if_due() {
  if (session_.is_overdue(now().steady)) {
    UplinkLost lost{"the broker did not answer in time"};
    on(lost);
    will_.reset();  // of an attempt that was never made: the database refused for too long
  }
  if (!will_) return;
  const auto status =
      ports_.uplink.connect(agent_topic(settings_.rae, TopicKind::kPresence), encode(*will_));
  will_.reset();
  if (status) return;
  UplinkLost lost{status.error().message};
  on(lost);
}

void Agent::send_due() {
  if (!session_.is_connected()) return;
  if (session_.presence_due(now().steady)) {
    publish(agent_topic(settings_.rae, TopicKind::kPresence),
            encode(session_.say_online(now().steady)), {});
  }
  for (const Outgoing& outgoing : outbox_->take_due(now().steady)) {
    if (!session_.is_connected()) return;  // the next connection makes everything due again
    const std::string topic =
        outgoing.session ? device_topic(settings_.rae, *outgoing.session, TopicKind::kUpdate)
                         : agent_topic(settings_.rae, TopicKind::kRoster);
    publish(topic, std::visit([](const auto& each) { return encode(each); }, outgoing.message),
            outgoing.stamp);
    metrics_.sent.add();
    if (outgoing.again) metrics_.resent.add();
  }
}

// An answer that nobody waits for would be a turn for nothing.
void Agent::publish(const std::string& topic, std::string payload, Timestamp confirm,
                    bool tell_delivered) {
  DMP_CHECK(!stamps_->uncovered());
  Publish message{++publishes_, topic, std::move(payload), "", "", tell_delivered};
  if (confirm.is_set()) {
    message.correlation = std::to_string(confirm.us);
    message.confirm_topic = agent_topic(settings_.rae, TopicKind::kConfirm);
    message.tell_delivered = settings_.free_on == FreeOn::kPuback;
    if (message.tell_delivered) unanswered_[publishes_] = confirm;
  }
  if (const auto status = ports_.uplink.publish(message); !status) {
    metrics_.undelivered.add();
    // The news that the connection ended may have found the queue full: this is the second way.
    UplinkLost lost{"cannot publish to " + topic + ": " + status.error().message};
    on(lost);
  }
}

void Agent::begin_leave() {
  if (!session_.is_connected()) return;
  const Timestamp stamp = stamps_->next(now().wall_us);
  if (!commit()) return;  // an unkept stamp must not leave; the Will speaks instead
  publish(agent_topic(settings_.rae, TopicKind::kPresence),
          encode(agent_presence(AgentStatus::kOffline, stamp)), {}, true);
  goodbye_ = publishes_;
  leave_by_ = now().steady + kGoodbyeWithin;
}

bool Agent::has_left() {
  take_events();
  if (goodbye_ >= 0 && session_.is_connected() && now().steady < leave_by_) return false;
  const bool is_heard = leave_by_ != SteadyTime{} && goodbye_ < 0;
  if (session_.is_connected()) is_heard ? ports_.uplink.disconnect() : ports_.uplink.abandon();
  is_connected_ = false;
  if (pending_.empty()) return true;
  settle_by_ = {};
  static_cast<void>(commit());  // confirmations that came meanwhile
  return true;
}

void Agent::count() {
  metrics_.sessions.set(static_cast<double>(registry_.sessions()));
  metrics_.sessions_online.set(static_cast<double>(registry_.sessions_online()));
  metrics_.outbox_depth.set(static_cast<double>(outbox_->depth()));
  metrics_.unconfirmed.set(static_cast<double>(outbox_->in_flight()));
  metrics_.queue_depth.set(static_cast<double>(events_.size()));
  metrics_.sessions_refused.set(static_cast<double>(registry_.counts().sessions_refused));
  metrics_.identity_conflicts.set(static_cast<double>(registry_.counts().identity_conflicts));
}

Verdict Agent::liveness() const {
  const auto age =
      ports_.clock.steady().time_since_epoch() - std::chrono::nanoseconds(last_turn_ns_);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age);
  return {seconds < kTurnOverdue, "last turn " + std::to_string(seconds.count()) + " s ago"};
}

Verdict Agent::readiness() const {
  if (!is_store_good_) return {false, "the database refuses to be written; see the log"};
  if (!is_connected_) return {false, "not connected to the broker; see the log"};
  return {true, "database open, broker connected"};
}

}  // namespace dmp::local
