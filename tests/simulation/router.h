// Router: one machine that can be a RAE: a disk, a wall clock that may be wrong, a LAN, and the
// real agent, which it boots, crashes, stops, wipes and copies. Owned by the world's one thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "local-registry/agent.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/lan.h"
#include "tests/simulation/network.h"
#include "tests/simulation/plant.h"

namespace dmp::simulation {

class Router final : public Clock, public local::Uplink, public local::Identifiers {
 public:
  Router(const RaeSerial& rae, const std::string& name, int devices, Timeline& timeline, Dice& dice,
         Network& network, Plant plant);

  void boot();
  void crash(bool power_lost);
  // Says goodbye; it is gone within two seconds.
  void stop();
  // The disk is empty after it; the agent must not run.
  void wipe();
  // Gets the same disk; the agent must not run.
  void become_clone_of(const Router& other);
  void set_clock_error(SimTime error);
  [[nodiscard]] SimTime clock_error() const { return clock_error_; }
  // Dies at its next commit, or after `publishes` more messages.
  void crash_at_next_commit(Disk::Crash crash) { disk_.crash_at_next_commit(crash); }
  void crash_after_publishes(int publishes) { publishes_left_ = publishes; }
  // No crash is to come any more.
  void spare();

  [[nodiscard]] bool is_running() const { return life_ != nullptr; }
  [[nodiscard]] bool is_connected() const;
  // How often this life's agent found that another uses its identity.
  struct Doubts {
    int life = 0;
    int count = 0;
  };
  [[nodiscard]] Doubts doubts() const;
  [[nodiscard]] const RaeSerial& rae() const { return rae_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const local::Stored& stored() const { return disk_.stored(); }
  Lan& lan() { return lan_; }

  [[nodiscard]] SimTime next_turn() const;
  void turn();

  // From the network.
  void link_up();
  void link_lost(const std::string& why, bool taken_over = false);
  void deliver(const std::string& topic, const std::string& payload);
  [[nodiscard]] int lives() const { return lives_; }

  [[nodiscard]] std::int64_t wall_us() const override;
  [[nodiscard]] SteadyTime steady() const override { return timeline_.steady(); }

  Status connect(const std::string& will_topic, const std::string& will_payload) override;
  Status subscribe(const std::string& topic) override;
  Status publish(const local::Publish& message) override;
  void disconnect() override;
  void abandon() override;

  SessionId new_session() override;
  DeviceId device_id(std::string_view name) override;

 private:
  // What dies with the agent.
  struct Life {
    explicit Life(Router& router);

    local::EventQueue events{10'000, 1 << 24};
    Metrics metrics;
    std::set<std::string> subscribed;
    std::unique_ptr<local::Agent> agent;
    SimTime last_turn{-1'000};
    bool has_events = false;
    bool is_connected = false;
    bool is_leaving = false;
    bool boots_after = false;
  };

  void turn_leaving();
  void end_life();
  void post(local::Event event);
  // What arrives and what leaves under the planted rule.
  [[nodiscard]] std::string heard(const std::string& topic, const std::string& payload) const;
  [[nodiscard]] std::string planted(const local::Publish& message) const;

  const RaeSerial rae_;
  const std::string name_;
  Timeline& timeline_;
  Dice& dice_;
  Network& network_;
  const Plant plant_;
  const std::vector<local::Profile> profiles_;
  Disk disk_;
  Lan lan_;
  SimTime clock_error_{0};
  std::unique_ptr<Life> life_;
  int lives_ = 0;
  int publishes_left_ = -1;  // not counted
};

}  // namespace dmp::simulation
