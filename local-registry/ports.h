// Ports: what the agent needs from the world. Real ones are in adapters/, fakes in tests/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/result.h"
#include "local-registry/core/device_registry.h"
#include "local-registry/core/outbox.h"
#include "local-registry/core/sighting.h"

namespace dmp::local {

// What the database holds at start.
struct Stored {
  Timestamp ceiling;  // no stamp above it was ever used
  std::vector<SessionRecord> sessions;
  std::vector<OutboxRow> outbox;
};

// An outbox row that is free, if it still carries that stamp.
struct SettledRow {
  SessionId session;
  Timestamp stamp;
};

// Everything one turn of the loop wants kept, as one transaction.
struct Transaction {
  std::optional<Timestamp> ceiling;
  std::vector<SessionRecord> keep;
  std::vector<SessionId> forget;
  std::vector<OutboxRow> send;  // each in place of its session's old row
  std::vector<SettledRow> settle;

  [[nodiscard]] bool empty() const { return only_settles() && settle.empty(); }
  // Losing it costs nothing but sending again.
  [[nodiscard]] bool only_settles() const {
    return !ceiling && keep.empty() && forget.empty() && send.empty();
  }
};

// Owned by the agent's loop. After commit() returns, the transaction survives a power loss; after
// an error nothing of it happened.
class Store {
 public:
  virtual ~Store() = default;
  virtual Result<Stored> load() = 0;
  virtual Status commit(const Transaction& transaction) = 0;
};

struct UplinkConnected {};
// Once per connect(), whether the attempt failed or the connection ended.
struct UplinkLost {
  std::string why;
  bool taken_over = false;  // another client came with our identity
};
// A message of the cloud as it came.
struct UplinkMessage {
  std::string topic;
  std::string payload;
};
// The broker's answer to a publish: a reason code of MQTT 5.0, 3.4.2.1. Any but kUplinkDelivered
// means that nobody has it: the broker did not take it, or nobody is subscribed (0x10). That it was
// delivered is told to who asked for it only. None comes for what was unanswered when the
// connection ended.
inline constexpr int kUplinkDelivered = 0;
inline constexpr int kUplinkFailed = 0x80;  // from here on the broker did not take it
struct UplinkAnswered {
  std::int64_t publish = 0;
  int reason = 0;
};

using Event = std::variant<Sighting, UplinkConnected, UplinkLost, UplinkMessage, UplinkAnswered>;
using EventQueue = BoundedQueue<Event>;

struct Publish {
  std::int64_t id = 0;  // comes back in UplinkAnswered
  std::string topic;
  std::string payload;
  std::string correlation;  // empty: no confirmation is asked for
  std::string confirm_topic;
  bool tell_delivered = false;  // also when the broker takes it
};

// The connection to the broker. Owned by the agent's loop; no call waits for the network, news come
// as events.
class Uplink {
 public:
  virtual ~Uplink() = default;
  // Ends in UplinkConnected or UplinkLost.
  virtual Status connect(const std::string& will_topic, const std::string& will_payload) = 0;
  // After UplinkConnected, before the first publish whose answer comes there.
  virtual Status subscribe(const std::string& topic) = 0;
  virtual Status publish(const Publish& message) = 0;
  // With a goodbye: the broker forgets the Will.
  virtual void disconnect() = 0;
  // Without one: the broker speaks the Will.
  virtual void abandon() = 0;
};

// Asks devices. Ends in ProbeFinished for every order it took.
class Prober {
 public:
  virtual ~Prober() = default;
  // False if too many orders wait already.
  virtual bool ask(const ProbeOrder& order) = 0;
};

// The kernel's neighbour table.
class NeighbourTable {
 public:
  virtual ~NeighbourTable() = default;
  // The kernel keeps probing `address` and tells what it finds.
  virtual Status watch(const std::string& address) = 0;
  virtual Status unwatch(const std::string& address) = 0;
};

}  // namespace dmp::local
