#include "registry/api/replica_index.h"

#include <algorithm>
#include <utility>

#include "registry/api/item_values.h"

namespace dmp::registry::api {

void ReplicaIndex::add(const DeviceId& device, const std::shared_ptr<const Rows>& rows) {
  for (std::size_t row = 0; row < rows->size(); ++row) {
    devices_[std::string(ItemValues(*rows, row)(by_))].insert_or_assign(device, rows);
  }
}

void ReplicaIndex::remove(const DeviceId& device, const Rows& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto found = devices_.find(std::string(ItemValues(rows, row)(by_)));
    if (found == devices_.end()) continue;
    found->second.erase(device);
    if (found->second.empty()) devices_.erase(found);
  }
}

const ReplicaIndex::Devices& ReplicaIndex::with(const std::string& value) const {
  static const Devices kNone;
  const auto found = devices_.find(value);
  return found == devices_.end() ? kNone : found->second;
}

const ReplicaIndex::Devices* ReplicaIndexes::find(const Test& test) {
  for (const auto& index : all_) {
    if (!index->is_by(test)) continue;
    index->used = ++uses_;
    return &index->with(test.value);
  }
  const std::lock_guard lock(mutex_);
  const bool known = std::any_of(wanted_.begin(), wanted_.end(),
                                 [&](const Test& one) { return ReplicaIndex(one).is_by(test); });
  if (!known && wanted_.size() < kIndexesMax) wanted_.push_back(test);
  return nullptr;
}

std::vector<Test> ReplicaIndexes::take_wanted() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wanted_, {});
}

std::unique_ptr<ReplicaIndex> ReplicaIndexes::make(const Test& test,
                                                   const ReplicaIndex::Devices& devices) {
  auto index = std::make_unique<ReplicaIndex>(test);
  for (const auto& [device, rows] : devices) index->add(device, rows);
  return index;
}

void ReplicaIndexes::take(std::unique_ptr<ReplicaIndex> index) {
  index->used = ++uses_;
  all_.push_back(std::move(index));
  if (all_.size() <= kIndexesMax) return;
  all_.erase(std::min_element(all_.begin(), all_.end(), [](const auto& one, const auto& other) {
    return one->used < other->used;
  }));
}

void ReplicaIndexes::add(const DeviceId& device, const std::shared_ptr<const Rows>& rows) {
  for (const auto& index : all_) index->add(device, rows);
}

void ReplicaIndexes::remove(const DeviceId& device, const Rows& rows) {
  for (const auto& index : all_) index->remove(device, rows);
}

}  // namespace dmp::registry::api
