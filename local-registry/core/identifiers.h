// Identifiers: where new identities come from. A port of the core, because one is random.
#pragma once

#include <string_view>

#include "schema/ids.h"

namespace dmp::local {

// Owned by the agent's loop.
class Identifiers {
 public:
  virtual ~Identifiers() = default;

  // Random (RFC 9562 version 4).
  virtual SessionId new_session() = 0;

  // The same for the same name on every RAE and for ever (version 5, our own namespace).
  virtual DeviceId device_id(std::string_view name) = 0;
};

}  // namespace dmp::local
