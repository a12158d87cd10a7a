// DevicePage: the devices that may pass a filter, a page at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "registry/api/problem.h"
#include "registry/api/reader.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {

struct DevicePage {
  std::vector<std::string> devices{};  // in order, each once
  std::optional<DeviceId> next{};      // behind this device; none: it was the last page
};

// The next devices behind `after` (none: from the start).
Answer<DevicePage> read_device_page(Reader& reader, const Filter& filter, const Scope& scope,
                                    const std::optional<DeviceId>& after);

// The devices of rows that begin with a device_id, each once. REQUIRES: its rows stand together.
std::vector<std::string> devices_of(const Rows& rows);

}  // namespace dmp::registry::api
