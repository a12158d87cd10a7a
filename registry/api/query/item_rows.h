// Item rows: rows of item_columns, device by device, and which of them a caller sees. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "registry/api/query/filter.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// Rows [begin, end) of one device, by its device_id. REQUIRES: those of a device stand together.
using DeviceSpans = std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>>;
DeviceSpans rows_by_device(const Rows& items);

// Rows [begin, end) are one device's, the current one first: the row that the caller sees, or none
// if the device is not in the list.
std::optional<std::size_t> visible_row(const Filter& filter, const Scope& scope, const Rows& rows,
                                       std::size_t begin, std::size_t end);

}  // namespace dmp::registry::api
