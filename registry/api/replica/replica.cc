#include "registry/api/replica/replica.h"

#include <algorithm>
#include <limits>

#include "registry/api/item/item.h"
#include "registry/api/query/filter_demand.h"
#include "registry/api/query/item_rows.h"
#include "registry/api/query/item_values.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min() / 2;

// Beside its rows: of the map's node and the pointer's count.
constexpr std::size_t kDeviceOverheadBytes = 200;
constexpr std::chrono::seconds kFarLook{4};

std::size_t bytes_of(const Rows& rows) { return rows.bytes() + kDeviceOverheadBytes; }

// Those of rows [begin, end) that it holds; null: there are none.
std::shared_ptr<const Rows> taken_from(const Rows& items, std::size_t begin, std::size_t end) {
  static const std::size_t kRae = item_column("rae");
  auto rows = std::make_shared<Rows>(items.columns());
  for (std::size_t row = begin; row < end; ++row) {
    if (!may_see(Replica::scope(), items.at(row, kRae))) continue;
    for (std::size_t column = 0; column < items.columns(); ++column) {
      rows->add(items.at(row, column));
    }
  }
  rows->shrink();
  return rows->empty() ? nullptr : rows;
}

// Whether a replica can ever answer it.
bool is_for_memory(const DevicesQuery& query) {
  return query.sort.attribute->column == "device_id" && !query.sort.descending && !query.canary;
}

// The later of two times in µs, as text.
std::string_view later(std::string_view one, std::string_view other) {
  return to_integer(one).value_or(0) < to_integer(other).value_or(0) ? other : one;
}

}  // namespace

Replica::Answers::Answers(const std::string& name, const std::string& help, Metrics& metrics)
    : from_memory_(metrics.counter(name, help, {{"source", "memory"}})),
      from_database_(metrics.counter(name, help, {{"source", "database"}})) {}

Replica::Replica(Limits limits, Metrics& metrics)
    : limits_(limits),
      lists_("dmp_registry_api_lists_total", "Lists of devices, by source", metrics),
      single_devices_("dmp_registry_api_single_devices_total", "Single devices, by source",
                      metrics),
      devices_gauge_(metrics.gauge("dmp_registry_replica_devices", "Devices held in memory")),
      bytes_gauge_(metrics.gauge("dmp_registry_replica_bytes", "Memory of those, about")),
      asked_at_(kNever),
      wrote_at_(kNever),
      looked_at_(kNever),
      not_before_(kNever) {}

const Scope& Replica::scope() {
  static const Scope kScope{.rae_patterns = {"%"}};
  return kScope;
}

bool Replica::has_been_asked(SteadyTime now, std::chrono::milliseconds within) const {
  return limits_.age_max.count() > 0 && asked_at_ > ticks(now - within) &&
         not_before_ <= ticks(now);
}

bool Replica::is_wanted(SteadyTime now) const { return has_been_asked(now, limits_.kept_for); }
bool Replica::is_eager(SteadyTime now) const { return has_been_asked(now, limits_.eager_for); }

bool Replica::is_current(SteadyTime now) const {
  return whole_ && looked_at_ > wrote_at_ && looked_at_ >= ticks(now - limits_.age_max);
}

void Replica::wrote(SteadyTime began, SteadyTime ended) {
  const bool quick = ended - began <= kQuickWrite;
  const std::int64_t at = ticks(quick ? ended : ended + kFarLook);
  std::int64_t known = wrote_at_;
  while (known < at && !wrote_at_.compare_exchange_weak(known, at)) continue;
}

// All devices, or those with the value that the filter demands. Null: there is no index for it yet.
const Replica::Devices* Replica::candidates(const DevicesQuery& query) {
  const Test* demand = demanded_value(query.filter);
  return demand == nullptr ? &devices_ : indexes_.find(*demand);
}

std::optional<ListedPage> Replica::list(const DevicesQuery& query, const Scope& scope,
                                        SteadyTime now) {
  std::optional<ListedPage> page;
  if (is_for_memory(query)) {
    asked_at_ = ticks(now);
    const std::shared_lock lock(mutex_);
    const Devices* all = candidates(query);  // also for the next time
    if (all != nullptr && is_current(now)) page = page_of(*all, query, scope);
  }
  lists_.add(page.has_value());
  return page;
}

// No reason to hold all of them: asked_at_ is the lists'.
std::optional<Rows> Replica::device(const DeviceId& device, const Scope& scope, SteadyTime now) {
  std::optional<Rows> sessions;
  if (!scope.canary) {
    const std::shared_lock lock(mutex_);
    if (is_current(now)) sessions = sessions_of(device, scope);
  }
  single_devices_.add(sessions.has_value());
  return sessions;
}

std::optional<Rows> Replica::sessions_of(const DeviceId& device, const Scope& scope) const {
  static const std::size_t kRae = item_column("rae");
  const auto known = devices_.find(device);
  if (known == devices_.end()) return std::nullopt;
  const Rows& rows = *known->second;
  Rows visible(item_column_count());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (visible.size() == std::size_t{kSessionsPerDeviceMax}) break;
    if (may_see(scope, rows.at(row, kRae))) add_row(visible, rows, row);
  }
  return visible.empty() ? std::nullopt : std::optional(std::move(visible));
}

std::optional<ListedPage> Replica::follow(const DevicesQuery& query, const Scope& scope) {
  if (!is_for_memory(query)) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const Devices* all = whole_ ? candidates(query) : nullptr;
  return all != nullptr ? page_of(*all, query, scope) : std::nullopt;
}

std::optional<ListedPage> Replica::page_of(const Devices& all, const DevicesQuery& query,
                                           const Scope& scope) const {
  ListedPage page{Rows(item_column_count())};
  const auto limit = static_cast<std::size_t>(query.page.limit);
  const auto after = DevicePosition::parse(query.page.after);
  auto at = after ? all.upper_bound(after->device_id) : all.begin();
  for (int examined = 1; at != all.end(); ++at, ++examined) {
    const Rows& rows = *at->second;
    const auto row = visible_row(query.filter, scope, rows, 0, rows.size());
    if (row && page.items.size() == limit) {
      page.next = std::prev(at)->first;
      return page;
    }
    if (row) add_row(page.items, rows, *row);
    if (examined == kExaminedMax) return std::nullopt;
  }
  return page;
}

void Replica::add_row(Rows& page, const Rows& rows, std::size_t row) const {
  static const std::size_t kRae = item_column("rae");
  static const std::size_t kHeard = item_column("rae_last_heard_at");
  const auto heard = heard_.find(rows.at(row, kRae));
  for (std::size_t column = 0; column < rows.columns(); ++column) {
    const bool moved = column == kHeard && heard != heard_.end();
    const std::string_view cell = rows.at(row, column);
    page.add(moved ? later(cell, heard->second) : cell);
  }
}

void Replica::put(const std::vector<std::string>& devices, const Rows& items) {
  std::vector<std::pair<DeviceId, std::shared_ptr<const Rows>>> read;
  DeviceSpans rows_of = rows_by_device(items);
  for (const std::string& device : devices) {
    const auto [begin, end] = rows_of[device];
    if (const auto id = DeviceId::parse(device)) {
      read.emplace_back(*id, taken_from(items, begin, end));
    }
  }
  const std::lock_guard lock(mutex_);
  for (auto& [device, rows] : read) replace(device, std::move(rows));
  report();
}

void Replica::replace(const DeviceId& device, std::shared_ptr<const Rows> rows) {
  const auto known = devices_.find(device);
  if (known != devices_.end()) {
    bytes_ -= bytes_of(*known->second);
    indexes_.remove(device, *known->second);
    if (!rows) devices_.erase(known);
  }
  if (!rows) return;
  bytes_ += bytes_of(*rows);
  indexes_.add(device, rows);
  devices_.insert_or_assign(device, std::move(rows));
}

void Replica::keep_only(const std::optional<DeviceId>& after, const std::optional<DeviceId>& upto,
                        const std::vector<std::string>& devices) {
  std::vector<DeviceId> gone;
  auto kept = devices.begin();
  auto at = after ? devices_.upper_bound(*after) : devices_.begin();
  for (; at != devices_.end() && (!upto || at->first <= *upto); ++at) {
    const std::string id = at->first.str();
    while (kept != devices.end() && *kept < id) ++kept;
    if (kept == devices.end() || *kept != id) gone.push_back(at->first);
  }
  const std::lock_guard lock(mutex_);
  for (const DeviceId& device : gone) replace(device, nullptr);
  report();
}

void Replica::set_whole(bool whole) {
  const std::lock_guard lock(mutex_);
  whole_ = whole;
}

void Replica::set_heard(Heard heard) {
  const std::lock_guard lock(mutex_);
  heard_.swap(heard);
}

void Replica::tend(SteadyTime now) {
  if (now < next_index_) return;
  auto index = indexes_.make_wanted(devices_);
  if (!index) return;
  next_index_ = now + std::chrono::seconds(1);
  const std::lock_guard lock(mutex_);
  indexes_.take(std::move(index));
}

// What it held is destroyed behind the lock.
void Replica::drop() {
  Devices devices;
  ReplicaIndexes::All indexes;
  const std::lock_guard lock(mutex_);
  devices_.swap(devices);
  indexes = indexes_.take_all();
  heard_.clear();
  bytes_ = 0;
  whole_ = false;
  report();
}

void Replica::give_up(SteadyTime now) {
  drop();
  not_before_ = ticks(now + limits_.kept_for);
}

void Replica::report() {
  devices_gauge_.set(static_cast<double>(devices_.size()));
  bytes_gauge_.set(static_cast<double>(bytes()));
}

}  // namespace dmp::registry::api
