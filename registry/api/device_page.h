// DevicePage: the devices that may pass a filter, a page at a time. Called by the hub's thread.
#pragma once

#include <string>
#include <vector>

#include "registry/api/problem.h"
#include "registry/api/reader.h"
#include "registry/api/statements.h"

namespace dmp::registry::api {

struct DevicePage {
  std::vector<std::string> devices{};  // in order, each once
  bool is_last = false;
};

// The next devices behind `after` (null: from the start).
Answer<DevicePage> read_device_page(Reader& reader, const Filter& filter, const Scope& scope,
                                    const DevicePosition* after);

}  // namespace dmp::registry::api
