// Comparison: what an agent knows against what the cloud shows, row by row, facet by facet.
//
// lost: the agent has it, the cloud has not, or an older one, or does not show the session.
// stale: the cloud's stamp is not older, and yet its facet is not the agent's. It will not mend by
// itself, because a newer stamp wins. phantom: the cloud shows a session the agent does not have.
// `observed_at` is not compared: it moves without a message. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/facets.h"
#include "schema/ids.h"

namespace dmp::ctl {

// An agent's database at one moment.
struct AgentRecord {
  RaeSerial rae;
  std::map<SessionId, Facets> sessions;
  std::int64_t unconfirmed = 0;  // changes that wait in its outbox
};

struct CloudSession {
  Facets facets;
  // Whether the cloud shows it, and if not, why.
  enum class Showing { kShown, kEnded, kNotInRoster, kNotNamed };
  Showing showing = Showing::kShown;
};

// What the cloud holds about one RAE at one moment.
using CloudRecord = std::map<SessionId, CloudSession>;

enum class Kind { kLost, kStale, kPhantom };
std::string_view kind_name(Kind kind);

// A field that differs. Lists are JSON, words as on the wire; nothing known is empty.
struct FieldDifference {
  std::string name;
  std::string agent;
  std::string cloud;

  bool operator==(const FieldDifference&) const = default;
};

struct Difference {
  Kind kind = Kind::kLost;
  RaeSerial rae;
  SessionId session;
  std::string facet;   // empty: the session itself
  Timestamp agent_at;  // unset: the agent has none
  Timestamp cloud_at;  // unset: the cloud has none
  std::vector<FieldDifference> fields;
  std::string note;  // about the session itself

  bool operator==(const Difference&) const = default;
};

// In order of session and facet.
std::vector<Difference> compare(const AgentRecord& agent, const CloudRecord& cloud);

// Facets with a stamp: what there was to compare.
std::int64_t count_facets(const AgentRecord& agent);

}  // namespace dmp::ctl
