// Past sessions: reads what past.h decides from. Called by worker threads.
#pragma once

#include <vector>

#include "registry/api/past/past.h"
#include "registry/api/reader.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {

struct DevicePast {
  std::int64_t now_us = 0;
  std::vector<SessionPast> sessions;         // at least one, at most kSessionsPerDeviceMax
  std::vector<std::vector<Moment>> moments;  // of each session, one for each of `times_us`
};

// In two statements, whatever is kept: a moment costs a look-up for each facet.
Answer<DevicePast> read_past(const DeviceId& device_id, const std::vector<std::int64_t>& times_us,
                             const Retention& retention, const Scope& scope, Reader& reader);

}  // namespace dmp::registry::api
