// Network: broker, bridge and Kafka as one agent and the registry see them: connections with Wills,
// messages that are late, lost after their PUBACK, doubled or overtaken by those of other topics,
// confirmations that are late or lost. Within one topic first deliveries keep their order.
// Owned by the world's one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "registry/core/record.h"
#include "schema/messages.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/timeline.h"

namespace dmp::simulation {

class Router;

// How bad the way is at present; everything is percent or the longest delay.
struct Weather {
  int lost_after_puback = 0;
  int doubled = 0;
  int confirm_lost = 0;
  int resync_lost = 0;
  SimTime kafka_delay{};
  SimTime registry_delay{};
  SimTime confirm_delay{};
  SimTime will_delay{};
};

class Network {
 public:
  static constexpr int kNoAnswer = -1;

  using Consume = std::function<void(const registry::Record& record)>;

  Network(Timeline& timeline, Dice& dice, Consume consume)
      : timeline_(timeline), dice_(dice), consume_(std::move(consume)) {}

  // Faults.
  Weather weather;
  // Mosquitto 2.0.11 does not.
  bool tells_takeover = false;
  void kill_broker(SimTime for_how_long);
  // Everything between `rae` and the broker disappears, silently for both ends at first.
  void cut(const RaeSerial& rae, SimTime for_how_long);

  // From routers.
  void connect(Router& router, const std::string& will, Timestamp online);
  void disconnect(Router& router);
  void vanished(Router& router, SimTime broker_notices_in);
  // The reason code of the PUBACK, or kNoAnswer.
  int publish(Router& router, const std::string& topic, const std::string& payload,
              const std::string& correlation);

  // From the registry.
  void send_resync(const RaeSerial& rae, const std::string& payload);

  // Whether the last word of the RAE's last connection, `offline`, is in Kafka and is newer than
  // every `online` there.
  [[nodiscard]] bool is_known_gone(const RaeSerial& rae) const;
  [[nodiscard]] std::int64_t connections(const RaeSerial& rae) const;
  // The most connections of the RAE within any ten seconds.
  [[nodiscard]] std::size_t most_in_ten_seconds(const RaeSerial& rae) const;

 private:
  struct Connection {
    Router* router = nullptr;
    int life = 0;
    std::int64_t number = 0;
    std::string will;
    bool is_dead = false;  // the client is gone or cut off, and the broker does not know yet
  };
  struct Message {
    RaeSerial rae;
    std::string topic;
    std::string payload;
    std::string correlation;
    std::int64_t connection = 0;
  };
  // What is known of a RAE's connections.
  struct Log {
    std::vector<SimTime> connected_at;
    std::int64_t last = 0;  // number of the last one
    Timestamp last_online;
    Timestamp greatest_online;
    bool is_end_stored = false;
  };

  [[nodiscard]] bool is_down() const { return timeline_.now() < down_until_; }
  [[nodiscard]] bool is_cut(const RaeSerial& rae) const;
  Connection* connection_of(const Router& router);
  void accept(Router& router, int life, const std::string& will, Timestamp online);
  enum class Why { kBrokerDied, kTakenOver, kGone };
  void end(const RaeSerial& rae, Why why);
  void speak_will(const RaeSerial& rae, const Connection& connection);
  void carry(Message message, SimTime extra, bool in_order);
  void reach_kafka(const Message& message);
  void store(const Message& message, std::int64_t received_us, SimTime delay, bool in_order);
  void confirm(const Message& message);
  void deliver(const RaeSerial& rae, const std::string& topic, const std::string& payload);
  SimTime up_to(SimTime most) { return SimTime(dice_.between(0, most.count())); }
  // The time of the next arrival of `key`, not before its last one.
  SimTime queued(std::map<std::string, SimTime>& last, const std::string& key, SimTime delay);

  Timeline& timeline_;
  Dice& dice_;
  Consume consume_;
  std::map<RaeSerial, Connection> connections_;
  std::map<RaeSerial, SimTime> cut_until_;
  std::map<RaeSerial, Log> logs_;
  std::map<std::string, SimTime> last_at_bridge_;
  std::map<std::string, SimTime> last_at_registry_;
  SimTime down_until_{0};
  int broker_lives_ = 0;
  std::int64_t numbers_ = 0;
};

}  // namespace dmp::simulation
