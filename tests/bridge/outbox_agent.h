// An agent with an outbox: it publishes numbers, each on the next of its topics, keeps what the
// bridge has not confirmed, and says it again after a lost connection: the oldest alone until that
// is answered, then the rest in order, so that it is not the agent that changes the order.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/bridge/mqtt_broker.h"

namespace dmp::bridge {

class OutboxAgent {
 public:
  // Less than the bridge collects for one RAE: what is more it would not confirm.
  static constexpr std::size_t kUnansweredMax = 200;

  // So many a second; every `oversize_every`-th (0: none) is larger than the contract allows.
  OutboxAgent(const MqttBroker& broker, std::vector<std::string> topics, int per_second,
              std::size_t oversize_every = 0);
  ~OutboxAgent();
  OutboxAgent(const OutboxAgent&) = delete;
  OutboxAgent& operator=(const OutboxAgent&) = delete;

  [[nodiscard]] std::size_t published() const;
  [[nodiscard]] std::set<std::size_t> confirmed() const;
  [[nodiscard]] std::set<std::size_t> refused() const;
  // Whether that many are published, or answered, within that time.
  bool has_published(std::size_t count, std::chrono::seconds time) const;
  bool has_answered(std::size_t count, std::chrono::seconds time) const;
  // Whether it waits for answers with as many messages as it may have unanswered.
  bool is_full(std::chrono::seconds time) const;
  // How many it said more than once, its own connection being lost or nothing heard for long.
  [[nodiscard]] std::size_t said_again() const;
  // Publishes nothing new; whether everything is answered within that time.
  bool settles(std::chrono::seconds time);

 private:
  class Link;
  using Steady = std::chrono::steady_clock;

  void work(const std::stop_token& stop);
  bool stands();
  void hear();
  void recover();
  void say_again();
  void say_new();
  void say(std::size_t number);
  [[nodiscard]] std::size_t answered() const;

  const MqttBroker& broker_;
  const std::vector<std::string> topics_;
  const int per_second_;
  const std::size_t oversize_every_;
  std::unique_ptr<Link> link_;
  bool recovering_ = false;
  bool is_probing_ = false;
  std::size_t again_from_ = 0;
  Steady::time_point next_try_{};
  std::size_t tried_ = 0;

  mutable std::mutex mutex_;  // protects what is below
  bool settling_ = false;
  std::size_t published_ = 0;
  std::set<std::size_t> unanswered_;
  std::set<std::size_t> confirmed_;
  std::set<std::size_t> refused_;
  std::size_t said_again_ = 0;
  Steady::time_point heard_{};
  std::jthread thread_;  // last: its end comes first
};

}  // namespace dmp::bridge
