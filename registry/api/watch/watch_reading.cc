#include "registry/api/watch/watch_reading.h"

#include <algorithm>

#include "registry/api/item/item.h"
#include "registry/api/sql/reading.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr std::size_t kRaesPerStatement = 64;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::string_view kNil = "00000000-0000-0000-0000-000000000000";

std::int64_t number_of(std::string_view cell) { return to_integer(cell).value_or(0); }

bool visit_all(const std::unordered_set<std::string>& devices, const WatchReading::Visit& visit) {
  return devices.empty() || visit({devices.begin(), devices.end()});
}

WatchPositions positions_from(std::int64_t changed_us) {
  WatchPositions positions;
  for (WatchPosition& position : positions) position.changed_us = changed_us;
  return positions;
}

}  // namespace

Answer<std::int64_t> WatchReading::clock() {
  const auto rows = read(reader_, watch_clock());
  if (!rows) return tl::unexpected(rows.error());
  const bool behind = is_true(rows->at(0, 1));
  everything_ = everything_ || behind != behind_;
  behind_ = behind;
  return number_of(rows->at(0, 0));
}

Answer<void> WatchReading::start(bool canary) {
  device_of_.clear();
  left_.clear();
  doubts_.clear();
  const auto now = clock();
  if (!now) return tl::unexpected(now.error());
  scan_.start(*now);
  if (const auto passed = pass_over_changes(*now, canary); !passed) return passed;
  holds_us_ = *now;
  const auto doubtful = doubtful_raes(canary);
  if (!doubtful) return tl::unexpected(doubtful.error());
  everything_ = false;
  return {};
}

// What can be seen now will be in everything that is read from now on.
Answer<void> WatchReading::pass_over_changes(std::int64_t now_us, bool canary) {
  const WatchScan::Stretch all = WatchScan::everything(now_us);
  WatchPositions positions = positions_from(all.from_us);
  for (bool more = true; more;) {
    const auto changes = read(reader_, watch_changes(positions, all.to_us, canary));
    if (!changes) return tl::unexpected(changes.error());
    Fresh unused;
    more = take_fresh(*changes, positions, unused);
  }
  return {};
}

Answer<void> WatchReading::look_for_changes(bool canary, const Visit& visit) {
  auto done = read_changes(canary, visit);
  everything_ = everything_ || !done;
  return done;
}

Answer<void> WatchReading::look_for_deadlines(bool canary, const Visit& visit) {
  auto done = read_deadlines(canary, visit);
  everything_ = everything_ || !done;
  return done;
}

Answer<void> WatchReading::read_changes(bool canary, const Visit& visit) {
  const auto now = clock();
  if (!now) return tl::unexpected(now.error());
  for (const WatchScan::Stretch& stretch : scan_.look(*now)) {
    if (const auto done = read_changes(stretch, canary, visit); !done) return done;
  }
  scan_.done();
  return {};
}

Answer<void> WatchReading::read_changes(const WatchScan::Stretch& stretch, bool canary,
                                        const Visit& visit) {
  WatchPositions positions = positions_from(stretch.from_us);
  std::unordered_set<std::string> devices = std::exchange(left_, {});
  for (bool more = true; more; devices.clear()) {
    const auto changes = read(reader_, watch_changes(positions, stretch.to_us, canary));
    if (!changes) return tl::unexpected(changes.error());
    Fresh fresh;
    more = take_fresh(*changes, positions, fresh);
    if (const auto done = devices_of(fresh, devices); !done) return done;
    if (!visit_all(devices, visit)) return not_visited();
    if (const auto done = visit_raes(std::move(fresh.raes), visit); !done) return done;
  }
  return {};
}

// Sorts out what was not seen yet; moves the positions on. Whether there is more behind them.
bool WatchReading::take_fresh(const Rows& changes, WatchPositions& positions, Fresh& fresh) {
  std::array<int, kWatchTables> count{};
  for (std::size_t row = 0; row < changes.size(); ++row) {
    const auto table = static_cast<std::size_t>(number_of(changes.at(row, 0)));
    WatchPosition& at = positions[table];
    at = {number_of(changes.at(row, 1)), std::string(changes.at(row, 2)),
          std::string(changes.at(row, 3))};
    ++count[table];
    if (!scan_.is_new(std::to_string(table) + at.rae + at.id, at.changed_us)) continue;
    switch (static_cast<WatchTable>(table)) {
      case WatchTable::kRae:
        fresh.raes.push_back(at.rae);
        break;
      case WatchTable::kDevice:
        fresh.devices.push_back(at.id);
        break;
      case WatchTable::kSession:
        take_session(at, changes.at(row, 4), fresh);
        break;
      case WatchTable::kState:
        take_state(at, fresh);
    }
  }
  return std::any_of(count.begin(), count.end(), [](int n) { return n == kChangesPerLook; });
}

// Its row names the device it is of; known is the one it was of before. While it is not shown,
// nothing else tells that it moved.
void WatchReading::take_session(const WatchPosition& row, std::string_view device, Fresh& fresh) {
  fresh.sessions.erase(row.id);
  fresh.devices.emplace_back(device);
  const auto known = device_of_.find(row.id);
  if (known == device_of_.end()) return;
  fresh.devices.push_back(std::exchange(known->second, std::string(device)));
}

// A session moves to another device by its own row, so what is known of it holds until that one is
// seen.
void WatchReading::take_state(const WatchPosition& row, Fresh& fresh) {
  const auto known = device_of_.find(row.id);
  if (known != device_of_.end()) {
    fresh.devices.push_back(known->second);
  } else {
    fresh.sessions.emplace(row.id, row.rae);
  }
}

Answer<void> WatchReading::devices_of(const Fresh& fresh, std::unordered_set<std::string>& found) {
  found.insert(fresh.devices.begin(), fresh.devices.end());
  found.erase(std::string());  // of sessions without one
  if (fresh.sessions.empty()) return {};
  std::vector<std::string> raes;
  std::vector<std::string> sessions;
  for (const auto& [session, rae] : fresh.sessions) {
    raes.push_back(rae);
    sessions.push_back(session);
  }
  const auto rows = read(reader_, watch_devices_of_sessions(raes, sessions));
  if (!rows) return tl::unexpected(rows.error());
  for (std::size_t row = 0; row < rows->size(); ++row) found.emplace(rows->at(row, 1));
  return {};
}

// The rest need not be looked for: everything will be read.
Answer<void> WatchReading::not_visited() {
  everything_ = true;
  return {};
}

Answer<void> WatchReading::visit_raes(std::vector<std::string> raes, const Visit& visit) {
  for (std::size_t begin = 0; begin < raes.size(); begin += kRaesPerStatement) {
    const auto end = std::min(begin + kRaesPerStatement, raes.size());
    const std::vector<std::string> some(raes.begin() + static_cast<std::ptrdiff_t>(begin),
                                        raes.begin() + static_cast<std::ptrdiff_t>(end));
    std::string after(kNil);
    for (bool more = true; more;) {
      const auto rows = read(reader_, watch_devices_of_raes(some, after));
      if (!rows) return tl::unexpected(rows.error());
      Devices devices;
      for (std::size_t row = 0; row < rows->size(); ++row) devices.emplace_back(rows->at(row, 0));
      if (devices.empty()) break;
      after = devices.back();
      more = rows->size() == kChangesPerLook;
      if (!visit(devices)) return not_visited();
    }
  }
  return {};
}

// Those whose doubt is another than at the last look. While a RAE's roster is older than its
// presence its sessions are confirmed one by one, which changes nothing but `seen_at`: they are
// read every time.
Answer<std::vector<std::string>> WatchReading::doubtful_raes(bool canary) {
  auto rows = read(reader_, watch_doubts(canary));
  if (!rows) return tl::unexpected(rows.error());
  heard_.clear();
  std::vector<std::string> raes;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    Cells cells(*rows, row);
    const std::string rae(cells.next());
    std::string doubt(cells.next());
    const bool unconfirmed = is_true(cells.next());
    heard_.emplace(rae, cells.next());
    Doubt& known = doubts_[rae];
    const bool same = !unconfirmed && !known.unconfirmed && !known.mixed;
    if (!same || known.doubt != doubt) raes.push_back(rae);
    known = {std::move(doubt), unconfirmed};
  }
  return raes;
}

Answer<void> WatchReading::read_deadlines(bool canary, const Visit& visit) {
  const auto now = clock();
  if (!now) return tl::unexpected(now.error());
  const bool was_behind = everything_;
  auto raes = doubtful_raes(canary);
  if (!raes) return tl::unexpected(raes.error());
  if (was_behind) raes->clear();  // all of them changed, and all are read again
  if (const auto done = visit_raes(std::move(*raes), visit); !done) return done;
  const auto rows = read(reader_, watch_expired_holds(holds_us_ - kSecondUs));
  if (!rows) return tl::unexpected(rows.error());
  Devices devices;
  for (std::size_t row = 0; row < rows->size(); ++row) devices.emplace_back(rows->at(row, 0));
  if (!devices.empty() && !visit(devices)) return not_visited();
  holds_us_ = *now;
  return {};
}

// A device that was read under another doubt than the rest of its RAE: the next look for deadlines
// reads them all, also if the doubt has come and gone by then.
void WatchReading::note_doubt(std::string_view rae, std::string_view doubt) {
  if (doubt == "not_confirmed") doubt = {};  // the session's: its RAE was in no doubt
  const auto known = doubts_.find(std::string(rae));
  if (known != doubts_.end() && known->second.doubt != doubt) known->second.mixed = true;
}

void WatchReading::note(const Rows& items) {
  static const std::size_t kSession = item_column("device_session_id");
  static const std::size_t kRae = item_column("rae");
  static const std::size_t kDoubt = item_column("doubt");
  if (device_of_.size() >= kSessionsMax) {
    device_of_.clear();
    everything_ = true;
  }
  for (std::size_t row = 0; row < items.size(); ++row) {
    const std::string_view device = items.at(row, 0);
    std::string& known = device_of_[std::string(items.at(row, kSession))];
    if (!known.empty() && known != device) left_.insert(known);
    known = device;
    note_doubt(items.at(row, kRae), items.at(row, kDoubt));
  }
}

}  // namespace dmp::registry::api
