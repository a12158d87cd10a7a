// Sightings: what the sources saw on the LAN and what probes learnt. Immutable values.
// MAC addresses are lower case with colons, IP addresses as inet_ntop writes them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "local-registry/core/profile.h"
#include "schema/ids.h"

namespace dmp::local {

// An entry of the kernel's neighbour table.
struct NeighbourSeen {
  // kMentioned: the entry exists, which proves nothing about now (STALE).
  enum class State { kMentioned, kReachable, kFailed, kDeleted };
  std::string address;
  std::string mac;  // may be empty for kFailed and kDeleted
  State state = State::kMentioned;
  bool watched = false;  // the kernel keeps probing it for us
};

// A line of the DHCP server's lease file.
struct LeaseSeen {
  std::string mac;
  std::string address;
  std::string hostname;
  bool fresh = false;  // granted or renewed just now: the device spoke
};

// The bridge learnt on which of its ports a MAC is.
struct PortLearnt {
  std::string mac;
  int port = 0;
};

// A port of the bridge got or lost its cable.
struct PortCarrier {
  int port = 0;
  bool up = false;
};

// The bridge itself came (back) up: the kernel forgot its neighbours.
struct LanUp {};

// An SSDP announcement or answer.
struct AdvertHeard {
  std::string address;
  Advert advert;
  bool leaving = false;  // ssdp:byebye
};

struct ProbeOutcome {
  std::string profile;
  Observation observation;  // empty if it failed
  std::string error;        // empty if it answered
  [[nodiscard]] bool answered() const { return error.empty(); }
};

// A probe order is done: one outcome per profile that was tried.
struct ProbeFinished {
  SessionId session;
  std::string address;
  std::vector<ProbeOutcome> outcomes;
};

using Sighting = std::variant<NeighbourSeen, LeaseSeen, PortLearnt, PortCarrier, LanUp, AdvertHeard,
                              ProbeFinished>;

}  // namespace dmp::local
