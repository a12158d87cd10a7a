#include "tests/simulation/network.h"

#include <algorithm>

#include "registry/core/decode_record.h"
#include "schema/codec.h"
#include "schema/topics.h"
#include "tests/simulation/router.h"

namespace dmp::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr const char* kBridge = "bridge-1";
constexpr SimTime kExpiry = seconds(60);
constexpr SimTime kKeepalive = seconds(30);

}  // namespace

void Network::kill_broker(SimTime for_how_long) {
  timeline_.tell("broker", "is killed for " + std::to_string(for_how_long.count() / 1000) + " ms");
  down_until_ = std::max(down_until_, timeline_.now() + for_how_long);
  ++broker_lives_;
  while (!connections_.empty()) {
    const RaeSerial rae = connections_.begin()->first;
    end(rae, Why::kBrokerDied);
  }
}

void Network::cut(const RaeSerial& rae, SimTime for_how_long) {
  timeline_.tell("network", rae.str() + " is cut off for " +
                                std::to_string(for_how_long.count() / 1000) + " ms");
  cut_until_[rae] = std::max(cut_until_[rae], timeline_.now() + for_how_long);
  const auto found = connections_.find(rae);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  connection.is_dead = true;
  Router* router = connection.router;
  timeline_.in(seconds(1) + up_to(kKeepalive), [router, life = connection.life] {
    if (router->lives() == life && router->is_connected()) router->link_lost("no ping answer");
  });
  timeline_.in(kKeepalive, [this, rae, number = connection.number] {
    const auto still = connections_.find(rae);
    if (still != connections_.end() && still->second.number == number) {
      end(rae, Why::kGone);
    }
  });
}

bool Network::is_cut(const RaeSerial& rae) const {
  const auto found = cut_until_.find(rae);
  return found != cut_until_.end() && timeline_.now() < found->second;
}

Network::Connection* Network::connection_of(const Router& router) {
  const auto found = connections_.find(router.rae());
  if (found == connections_.end()) return nullptr;
  Connection& connection = found->second;
  const bool is_its = connection.router == &router && connection.life == router.lives();
  return is_its ? &connection : nullptr;
}

void Network::connect(Router& router, const std::string& will, Timestamp online) {
  timeline_.in(milliseconds(5) + up_to(milliseconds(50)),
               [this, &router, life = router.lives(), will, online] {
                 if (router.lives() == life) accept(router, life, will, online);
               });
}

void Network::accept(Router& router, int life, const std::string& will, Timestamp online) {
  if (is_cut(router.rae())) return;  // it gives up by itself
  if (is_down()) return router.link_lost("connection refused");
  if (connections_.contains(router.rae())) end(router.rae(), Why::kTakenOver);
  Connection connection{&router, life, ++numbers_, will, false};
  timeline_.tell(router.name(), "connects, Will " + will);
  Log& log = logs_[router.rae()];
  log.connected_at.push_back(timeline_.now());
  log.last = connection.number;
  log.last_online = online;
  log.is_end_stored = false;
  connections_[router.rae()] = connection;
  router.link_up();
}

void Network::end(const RaeSerial& rae, Why why) {
  auto node = connections_.extract(rae);
  const Connection& connection = node.mapped();
  const bool is_informed = !connection.is_dead && connection.router->lives() == connection.life;
  if (why != Why::kBrokerDied) speak_will(rae, connection);
  if (!is_informed) return;
  if (why == Why::kTakenOver && tells_takeover) {
    return connection.router->link_lost("session taken over", true);
  }
  connection.router->link_lost("the broker ended it");
}

void Network::speak_will(const RaeSerial& rae, const Connection& connection) {
  Message message{rae, agent_topic(rae, TopicKind::kPresence), connection.will, "",
                  connection.number};
  const SimTime extra = up_to(weather.will_delay);
  carry(std::move(message), extra, extra == SimTime(0));
}

void Network::disconnect(Router& router) {
  const Connection* connection = connection_of(router);
  // The broker does not hear what is said on a dead connection.
  if (connection != nullptr && !connection->is_dead) connections_.erase(router.rae());
}

void Network::vanished(Router& router, SimTime broker_notices_in) {
  const auto found = connections_.find(router.rae());
  if (found == connections_.end() || found->second.router != &router) return;
  found->second.is_dead = true;
  timeline_.in(broker_notices_in, [this, rae = router.rae(), number = found->second.number] {
    const auto still = connections_.find(rae);
    if (still != connections_.end() && still->second.number == number) end(rae, Why::kGone);
  });
}

int Network::publish(Router& router, const std::string& topic, const std::string& payload,
                     const std::string& correlation) {
  Connection* connection = connection_of(router);
  timeline_.tell(router.name(), "says " + topic + " " + payload);
  if (connection == nullptr || connection->is_dead) return kNoAnswer;
  carry({router.rae(), topic, payload, correlation, connection->number}, SimTime(0), true);
  return 0;
}

SimTime Network::queued(std::map<std::string, SimTime>& last, const std::string& key,
                        SimTime delay) {
  SimTime& at = last[key];
  at = std::max(at, timeline_.now() + delay);
  return at - timeline_.now();
}

void Network::carry(Message message, SimTime extra, bool in_order) {
  if (dice_.chance(weather.lost_after_puback)) {
    return timeline_.tell("broker", "loses " + message.topic);
  }
  SimTime delay = milliseconds(1) + up_to(milliseconds(20)) + up_to(weather.kafka_delay) + extra;
  if (in_order) delay = queued(last_at_bridge_, message.topic, delay);
  timeline_.in(delay, [this, message = std::move(message), life = broker_lives_] {
    if (life == broker_lives_) return reach_kafka(message);
    timeline_.tell("broker", "lost in its death " + message.topic);
  });
}

void Network::reach_kafka(const Message& message) {
  const SimTime registry_delay = up_to(weather.registry_delay) + up_to(milliseconds(20));
  store(message, timeline_.true_us(), registry_delay, true);
  if (dice_.chance(weather.doubled)) {
    // The registry reads again what it had, or the broker sent the bridge a second copy.
    const bool is_copy = dice_.chance(50);
    const SimTime later = up_to(seconds(60));
    const std::int64_t received_us = timeline_.true_us() + (is_copy ? later.count() : 0);
    store(message, received_us, later, false);
  }
  if (!message.correlation.empty()) confirm(message);
}

void Network::store(const Message& message, std::int64_t received_us, SimTime delay,
                    bool in_order) {
  registry::Record record;
  const auto topic = parse_topic(message.topic).value();
  record.partition = {topic.session ? kafka::kDeviceUpdates : kafka::kAgents, 0};
  record.key = message.topic;
  record.value = message.payload;
  record.timestamp_ms = received_us / 1000;
  record.headers = {{std::string(kafka::kReceivedAt), std::to_string(received_us)},
                    {std::string(kafka::kBridge), kBridge}};
  if (topic.kind == TopicKind::kPresence) {
    Log& log = logs_[message.rae];
    const auto presence = decode_agent_presence(message.payload, message.rae).value();
    const bool is_offline = presence.status.value == AgentStatus::kOffline;
    const bool is_ahead = presence.timestamp.us - received_us > registry::kClockAheadMax.count();
    if (!is_offline && !is_ahead) {
      log.greatest_online = std::max(log.greatest_online, presence.timestamp);
    }
    if (is_offline && !is_ahead && message.connection == log.last) log.is_end_stored = true;
  }
  if (in_order) delay = queued(last_at_registry_, message.topic, delay);
  timeline_.in(delay, [this, record = std::move(record)] {
    timeline_.tell("registry", "reads " + record.key + " " + record.value);
    consume_(record);
  });
}

void Network::confirm(const Message& message) {
  if (dice_.chance(weather.confirm_lost)) return;
  const SimTime delay = up_to(milliseconds(50)) + up_to(weather.confirm_delay);
  timeline_.in(delay, [this, rae = message.rae, correlation = message.correlation] {
    const Confirm answer{{timeline_.true_us()}, {correlation}, {}};
    deliver(rae, agent_topic(rae, TopicKind::kConfirm), encode(answer));
  });
}

void Network::send_resync(const RaeSerial& rae, const std::string& payload) {
  if (dice_.chance(weather.resync_lost)) return;
  const SimTime delay =
      milliseconds(20) + up_to(weather.kafka_delay) + up_to(weather.confirm_delay);
  if (delay > kExpiry) return;
  timeline_.in(
      delay, [this, rae, payload] { deliver(rae, agent_topic(rae, TopicKind::kResync), payload); });
}

void Network::deliver(const RaeSerial& rae, const std::string& topic, const std::string& payload) {
  const auto found = connections_.find(rae);
  if (found == connections_.end() || found->second.is_dead || is_down()) return;
  if (found->second.router->lives() == found->second.life) {
    found->second.router->deliver(topic, payload);
  }
}

bool Network::is_known_gone(const RaeSerial& rae) const {
  const auto found = logs_.find(rae);
  if (found == logs_.end() || connections_.contains(rae)) return false;
  const Log& log = found->second;
  return log.is_end_stored && log.last_online >= log.greatest_online;
}

std::int64_t Network::connections(const RaeSerial& rae) const {
  const auto found = logs_.find(rae);
  if (found == logs_.end()) return 0;
  return static_cast<std::int64_t>(found->second.connected_at.size());
}

std::size_t Network::most_in_ten_seconds(const RaeSerial& rae) const {
  const auto found = logs_.find(rae);
  if (found == logs_.end()) return 0;
  const std::vector<SimTime>& at = found->second.connected_at;
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < at.size(); ++last) {
    while (at[last] - at[first] > seconds(10)) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

}  // namespace dmp::simulation
