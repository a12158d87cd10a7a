// Agent: the loop of the local registry: events -> core -> one transaction -> effects.
//
// Each turn takes what is in the queue (at most kEventsPerTurn), lets the core decide, commits
// everything that changed at once, and only then sends. If the database refuses, nothing is sent
// and the same transaction is tried again, and does not grow meanwhile: what is published is always
// on disk. The LAN is watched and probed all the same. run() owns all state; liveness() and
// readiness() are thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <stop_token>
#include <string>

#include "base/admin_port.h"
#include "base/clock.h"
#include "local-registry/agent_metrics.h"
#include "local-registry/core/cloud_time.h"
#include "local-registry/core/snapshot_schedule.h"
#include "local-registry/core/uplink_session.h"
#include "local-registry/ports.h"

namespace dmp::local {

struct AgentPorts {
  Clock& clock;
  Store& store;
  Uplink& uplink;
  Prober& prober;
  NeighbourTable* neighbours = nullptr;  // none without a LAN
};

// What frees an outbox row. kPuback exists to show that it loses what the broker took and then
// lost.
enum class FreeOn { kConfirm, kPuback };

struct AgentSettings {
  RaeSerial rae;
  std::vector<std::string> static_addresses;
  RegistryLimits limits;
  std::chrono::milliseconds snapshot_interval{15 * 60'000};
  std::uint64_t seed = 0;
  FreeOn free_on = FreeOn::kConfirm;
};

class Agent {
 public:
  static constexpr std::size_t kEventsPerTurn = 256;
  // From a transaction to the next turn: what changes meanwhile shares one transaction, and its
  // wait for the disk. What changes after a quiet moment is written at once.
  static constexpr std::chrono::milliseconds kRest{20};
  // What is confirmed may stand in the database so long: it waits for a transaction to go with.
  static constexpr std::chrono::milliseconds kSettleWithin{1000};

  Agent(AgentSettings settings, const std::vector<Profile>& profiles, Identifiers& identifiers,
        AgentPorts ports, EventQueue& events, Metrics& metrics);

  // Reads the database. REQUIRES: before run().
  Status load();

  // Until `stop` is requested; then leaves.
  void run(const std::stop_token& stop);

  // One turn with what is in the queue now; run() without waiting, for whoever owns the time.
  void turn();
  // No turn begins before it: what changes meanwhile shares the next transaction. In the past with
  // a whole turn's events waiting: the queue must not fill up for a rest.
  [[nodiscard]] SteadyTime rests_until() const;
  // When the next turn has something to do without an event.
  [[nodiscard]] SteadyTime next_turn() const;
  // Says `offline`; then has_left() until it is true, at the latest at leave_by().
  void begin_leave();
  // Whether we are gone: the broker has our last word, or does not take it in time.
  bool has_left();
  [[nodiscard]] SteadyTime leave_by() const { return leave_by_; }

  [[nodiscard]] Verdict liveness() const;
  [[nodiscard]] Verdict readiness() const;

 private:
  // Another agent seems to speak in our name.
  void doubt();
  void step_aside();
  void take_events();
  void handle(Event& event);
  void on(Sighting& sighting);
  void on(UplinkConnected& connected);
  void on(UplinkLost& lost);
  void on(UplinkMessage& message);
  void on_confirm(const Confirm& confirm);
  [[nodiscard]] bool may_begin_again() const;
  void on_foreign(Timestamp stored, const Confirm& confirm);
  void on_resync(const Resync& resync);
  void say_everything_above(Timestamp floor);
  void on(UplinkAnswered& answered);

  void settle(Timestamp stamp);
  void collect();
  bool commit();
  void add_roster();
  void add_snapshots();
  void perform_effects();
  void connect_if_due();
  void send_due();
  void publish(const std::string& topic, std::string payload, Timestamp confirm,
               bool tell_delivered = false);
  void count();
  [[nodiscard]] Now now() const {
    return cloud_time_.believed({ports_.clock.wall_us(), ports_.clock.steady()});
  }

  const AgentSettings settings_;
  AgentPorts ports_;
  EventQueue& events_;
  AgentMetrics metrics_;
  DeviceRegistry registry_;
  CloudTime cloud_time_;
  SnapshotSchedule snapshots_;
  UplinkSession session_;
  std::unique_ptr<HybridClock> stamps_;  // from load() on
  std::unique_ptr<Outbox> outbox_;
  Transaction pending_;                // decided, not yet on disk
  std::optional<AgentPresence> will_;  // of the connection to begin next
  SteadyTime settle_by_ = SteadyTime::max();
  SteadyTime retry_commit_at_{};
  SteadyTime rested_at_{};
  std::int64_t publishes_ = 0;
  std::map<std::int64_t, Timestamp> unanswered_;  // by publish; only with FreeOn::kPuback
  std::int64_t goodbye_ = -1;                     // the publish whose answer has_left() waits for
  SteadyTime leave_by_{};
  // At the next connect: another may have spoken in our name, or our disk may be of an older day.
  bool says_all_again_ = true;
  SteadyTime undisturbed_at_{};  // the first connect after it is the last that says all again
  std::minstd_rand random_;
  std::atomic<std::int64_t> last_turn_ns_ = 0;
  std::atomic<bool> is_store_good_ = false;
  std::atomic<bool> is_connected_ = false;
};

}  // namespace dmp::local
