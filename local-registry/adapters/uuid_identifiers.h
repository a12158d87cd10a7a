// UuidIdentifiers: Identifiers by libuuid. Stateless; thread-safe.
#pragma once

#include "local-registry/core/identifiers.h"

namespace dmp::local {

class UuidIdentifiers final : public Identifiers {
 public:
  SessionId new_session() override;
  DeviceId device_id(std::string_view name) override;
};

}  // namespace dmp::local
