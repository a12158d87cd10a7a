// Run: one run of the canary, phase after phase, in one thread.
//
// Events are begun when they are due, whatever has become of earlier ones; what cannot go out then
// (too many connects under way, a client with no room) waits and still counts from when it was due.
// Everything ends: each phase has a deadline, and what waits is given up after kGiveUpAfter.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "canary/core/ledger.h"
#include "canary/core/plan.h"
#include "canary/core/tally.h"
#include "canary/core/voice.h"
#include "canary/core/watch.h"
#include "canary/ports.h"

namespace dmp::canary {

struct RunSettings {
  std::string name;  // is_run_name()
  Load load;
  std::size_t payload = 930;  // bytes of an update, about
  std::int64_t connects_at_once = 64;
  std::chrono::milliseconds connect_timeout{15'000};
  std::string broker;  // its address, for people
};

struct PhaseResult {
  PhasePlan plan;
  Micros began{0};  // since the run began
  Micros took{0};
  bool in_time = true;  // before its deadline
  std::int64_t begun = 0;
  bool cut = false;  // the run was stopped in the middle of it
};

struct Progress {
  Phase phase = Phase::kConnect;
  Micros at{0};
  std::int64_t clients = 0;  // of how many
  std::int64_t live = 0;
  const Tally* tally = nullptr;
  double lag = 0;
};

struct RunResult {
  std::int64_t started_us = 0;  // wall clock
  Tally tally;
  Watch watch;
  std::vector<PhaseResult> phases;
  Micros burst_end{0};  // the last update went out
  Micros took{0};
  bool interrupted = false;
  std::optional<std::int64_t> lists_read;  // censuses; nothing: nobody looks at REST
};

class Run {
 public:
  static constexpr std::size_t kWaitingMax = 100'000;
  static constexpr std::chrono::seconds kGiveUpAfter{10};

  struct Parts {
    const Clock& clock;
    ClientFleet& fleet;
    ObservationQueue& observations;
    Cloud* cloud = nullptr;                       // none: nobody looks at REST
    bool reads_metrics = false;                   // Readings will come
    std::function<void(const Progress&)> report;  // about once a second
  };

  Run(RunSettings settings, Parts parts);

  // Stopping it leaves cleanly and still returns what was measured.
  RunResult run(const std::stop_token& stop);

 private:
  enum class State { kIdle, kConnecting, kConnected, kGone };
  struct Client {
    Voice voice;
    Ledger ledger;
    Timestamp online{};  // of its presence
    State state = State::kIdle;
    bool subscribed = false;
    bool leaving = false;
    Micros due{0};       // of what it is doing: connecting, subscribing
    Micros began_at{0};  // connecting
  };
  struct Waiting {
    std::int64_t event = 0;
    Micros due{0};
  };

  [[nodiscard]] Micros now() const;
  [[nodiscard]] Micros since_start(SteadyTime at) const;
  [[nodiscard]] Client& client_of(std::int64_t event);
  [[nodiscard]] int number_of(std::int64_t event) const;

  void wait_for_readings(const std::stop_token& stop);
  void finish_leaving(PhasePlan plan, const std::stop_token& stop);
  void run_phase(const PhasePlan& plan, const std::stop_token& stop);
  void begin_due(PhaseRun& phase, Micros began);
  void retry_waiting(Phase phase);
  // False: it cannot go out now and must wait.
  bool begin(Phase phase, std::int64_t event, Micros due);
  void begin_connect(int number, Micros due);
  void begin_subscribe(int number, Micros due);
  void begin_update(int number, Micros due);
  void begin_leave(int number);
  void give_up(const PhaseRun& phase);
  void expire_connects();
  // Gives up what began to connect at `limit` or before.
  void expire_connects(Micros limit);
  [[nodiscard]] std::int64_t answered(const PhaseRun& phase) const;
  [[nodiscard]] bool is_settled() const;
  void report(Phase phase);

  void poll(SteadyTime deadline);
  void handle(FleetEvent& event);
  void on_connected(Client& client, const FleetEvent& event);
  void on_subscribed(Client& client, const FleetEvent& event);
  void on_acknowledged(Client& client, const FleetEvent& event);
  void on_confirm(Client& client, const FleetEvent& event);
  void gone(Client& client);
  void observe();
  void compare(const Census& census);
  void close();

  RunSettings settings_;
  Parts parts_;
  SteadyTime start_{};
  std::vector<Client> clients_;
  std::deque<Waiting> waiting_;
  std::vector<FleetEvent> events_;
  std::int64_t connecting_ = 0, live_ = 0, unacknowledged_ = 0, done_ = 0;
  int readings_ = 0;
  Micros next_expiry_{0};  // no connect can take too long before
  Micros next_report_{0};
  RunResult result_;
};

}  // namespace dmp::canary
