// Watch statements: what the watch reads besides the list's keys. Pure.
//
// They hold no caller's scope: one reading serves all watchers of the process, and who may see what
// is decided per watcher (query/item_rows.h). Plans are kept: each finds its rows by an index,
// whatever the values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "registry/api/reader.h"

namespace dmp::registry::api {

// Where a look for changes stands in one table.
struct WatchPosition {
  std::int64_t changed_us = 0;
  std::string rae{};
  std::string id = "00000000-0000-0000-0000-000000000000";
};

enum class WatchTable { kState, kSession, kDevice, kRae };
inline constexpr std::size_t kWatchTables = 4;
using WatchPositions = std::array<WatchPosition, kWatchTables>;

// Of each table at most so many rows a look.
inline constexpr int kChangesPerLook = 2048;

// What changed behind the positions until `upto_us`, oldest first within a table. Columns: table
// (its number), changed_at in µs, rae (empty: a device), session or device (nil: a rae), and of a
// row of device_session the device_id, if it has one.
Statement watch_changes(const WatchPositions& after, std::int64_t upto_us, bool canary);

// The database's clock in µs, and whether the registry is behind. One row.
Statement watch_clock();

// Every RAE with what makes its devices' presence doubtful, and whether its sessions are confirmed
// one by one, before its roster comes. Columns: rae, doubt, unconfirmed, last_heard_at.
Statement watch_doubts(bool canary);

// Devices whose hold ran out after `from_us`. Column: device_id.
Statement watch_expired_holds(std::int64_t from_us);

// Columns: session, its device_id. Sessions without one are left out.
Statement watch_devices_of_sessions(const std::vector<std::string>& raes,
                                    const std::vector<std::string>& sessions);

// The devices with a session at one of `raes`, in order, behind `after`. Column: device_id.
Statement watch_devices_of_raes(const std::vector<std::string>& raes, const std::string& after);

// All visible sessions of the devices, those of one device together, the current one first.
// Columns: item_columns.
Statement watch_items(const std::vector<std::string>& devices);

}  // namespace dmp::registry::api
