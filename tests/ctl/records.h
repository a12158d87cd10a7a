// An agent's record and the cloud's of the same devices, to be made to differ.
#pragma once

#include "ctl/core/comparison.h"

namespace dmp::ctl {

inline const RaeSerial kRae = *RaeSerial::parse("rae-1");
inline const SessionId kSession = *SessionId::parse("0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");
inline const SessionId kOther = *SessionId::parse("1c8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a22");

inline Facets facets_at(std::int64_t stamp, const std::string& model) {
  Facets facets;
  facets.identity.emplace();
  facets.identity->timestamp = {stamp};
  facets.identity->source = "roku-ecp";
  facets.identity->fields.device_id = *DeviceId::parse("3b241101-e2bb-5255-8caf-4136c566a962");
  facets.identity->fields.model = model;
  facets.identity->fields.claims = {{"serial", "X1", "roku-ecp", "high"}};
  facets.presence.emplace();
  facets.presence->timestamp = {stamp};
  facets.presence->fields.status = PresenceStatus::kOnline;
  return facets;
}

}  // namespace dmp::ctl
