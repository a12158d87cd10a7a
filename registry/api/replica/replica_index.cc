#include "registry/api/replica/replica_index.h"

#include <algorithm>
#include <utility>

#include "registry/api/query/item_values.h"

namespace dmp::registry::api {

namespace {

// Of a map's node, and of a value with its map.
constexpr std::size_t kEntryBytes = 96;
constexpr std::size_t kValueBytes = 160;

}  // namespace

void ReplicaIndex::add(const DeviceId& device, const std::shared_ptr<const Rows>& rows) {
  for (std::size_t row = 0; row < rows->size(); ++row) {
    Devices& with = devices_[std::string(ItemValues(*rows, row)(by_))];
    entries_ += with.insert_or_assign(device, rows).second ? 1 : 0;
  }
}

void ReplicaIndex::remove(const DeviceId& device, const Rows& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto found = devices_.find(std::string(ItemValues(rows, row)(by_)));
    if (found == devices_.end()) continue;
    entries_ -= found->second.erase(device);
    if (found->second.empty()) devices_.erase(found);
  }
}

const ReplicaIndex::Devices& ReplicaIndex::with(const std::string& value) const {
  static const Devices kNone;
  const auto found = devices_.find(value);
  return found == devices_.end() ? kNone : found->second;
}

std::size_t ReplicaIndex::bytes() const {
  return entries_ * kEntryBytes + devices_.size() * kValueBytes;
}

ReplicaIndex* ReplicaIndexes::by(const Test& test) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& index) { return index->is_by(test); });
  return found == all_.end() ? nullptr : found->get();
}

const ReplicaIndex::Devices* ReplicaIndexes::find(const Test& test) {
  if (ReplicaIndex* index = by(test)) {
    index->used = ++uses_;
    return &index->with(test.value);
  }
  const std::lock_guard lock(mutex_);
  const bool known = std::any_of(wanted_.begin(), wanted_.end(),
                                 [&](const Test& one) { return one.is_about_the_same(test); });
  if (!known && wanted_.size() < kIndexesMax) wanted_.push_back(test);
  return nullptr;
}

std::optional<Test> ReplicaIndexes::take_wanted() {
  const std::lock_guard lock(mutex_);
  if (wanted_.empty()) return std::nullopt;
  std::optional<Test> test = std::move(wanted_.front());
  wanted_.erase(wanted_.begin());
  return test;
}

std::unique_ptr<ReplicaIndex> ReplicaIndexes::make_wanted(const ReplicaIndex::Devices& devices) {
  auto test = take_wanted();
  // It may have been asked for while it was made.
  while (test && by(*test) != nullptr) test = take_wanted();
  if (!test) return nullptr;
  auto index = std::make_unique<ReplicaIndex>(std::move(*test));
  for (const auto& [device, rows] : devices) index->add(device, rows);
  return index;
}

std::size_t ReplicaIndexes::bytes() const {
  std::size_t bytes = 0;
  for (const auto& index : all_) bytes += index->bytes();
  return bytes;
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
