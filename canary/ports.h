// The canary's ports: the fleet of clients it speaks through, and what it is told about the
// platform meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/result.h"
#include "canary/core/census.h"
#include "canary/core/tally.h"
#include "canary/core/watch.h"

namespace dmp::canary {

// Reason codes of MQTT 5 from here on are errors.
inline constexpr int kFirstRefusal = 0x80;

// Something that happened to a client.
struct FleetEvent {
  enum class Kind {
    kConnected,     // code: TCP retransmits until then
    kRefused,       // before it was connected; text: why, step: how far it came
    kSubscribed,    // code: granted QoS, or from kFirstRefusal why not
    kAcknowledged,  // PUBACK of `message_id`; code: its reason
    kMessage,       // text: payload
    kLeft,          // as it was asked to
    kDisconnected,  // though nobody asked; text: why
  };
  Kind kind = Kind::kConnected;
  int client = 0;
  SteadyTime at{};
  SteadyTime tcp{}, tls{};  // kConnected: when TCP stood, and when TLS did
  int message_id = 0;
  int code = 0;
  ConnectStep step = ConnectStep::kReach;
  std::string text;
};

struct Introduction {
  std::string serial;           // client id, and name of the certificate
  std::string will_topic = {};  // empty: without a Will
  std::string will = {};
};

struct Outgoing {
  std::string topic;
  std::string payload;
  std::string response_topic;  // empty: no answer is wanted
  std::string correlation;
};

// MQTT clients by number, from 0. Owned by the loop's thread; every call but poll() returns at
// once. A client that was refused, has left or was disconnected is gone and does not come back.
class ClientFleet {
 public:
  virtual ~ClientFleet() = default;

  // Begins to connect. Error: nothing could be begun; no event follows.
  virtual Status connect(int client, const Introduction& introduction) = 0;
  virtual Status subscribe(int client, const std::string& topic) = 0;
  // QoS 1. The message id that kAcknowledged will tell.
  virtual Result<int> publish(int client, const Outgoing& message) = 0;
  // Says goodbye, without a Will; kLeft follows.
  virtual void leave(int client) = 0;
  // Ends it without goodbye; no event follows.
  virtual void abandon(int client) = 0;
  // Waits until `deadline` at most and appends what happened; returns early if something did.
  virtual void poll(SteadyTime deadline, std::vector<FleetEvent>& events) = 0;
};

// What other threads see of the platform.
struct Observation {
  std::optional<Reading> reading;    // of the programs' metrics
  std::optional<Sighting> sighting;  // a device's value, newly visible in REST
  std::optional<Census> census;      // all of them
};
using ObservationQueue = BoundedQueue<Observation>;

// The REST list, read on threads of its own; pushes into the ObservationQueue it was made with.
class Cloud {
 public:
  virtual ~Cloud() = default;
  // From now on all devices of the run, again and again, instead of a sample. Thread-safe.
  virtual void take_census() = 0;
};

}  // namespace dmp::canary
