// SessionRecord: a session as the database keeps it. A plain value.
#pragma once

#include <string>
#include <vector>

#include "schema/facets.h"
#include "schema/ids.h"

namespace dmp::local {

struct SessionRecord {
  SessionId id;
  std::string target;                 // the address to probe, of a static session
  std::vector<std::string> profiles;  // that answered, in order of trust
  int absent_hours = 0;               // counted while the agent ran
  Facets facets;

  bool operator==(const SessionRecord&) const = default;
};

}  // namespace dmp::local
