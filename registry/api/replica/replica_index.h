// ReplicaIndex: the devices that show a value of one attribute, in order. ReplicaIndexes: those
// that lists were asked by of late, at most kIndexesMax.
//
// An index names a device for each of its sessions: which one a caller sees is decided per caller.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/api/query/filter.h"
#include "registry/api/reader.h"
#include "schema/ids.h"

namespace dmp::registry::api {

class ReplicaIndex {
 public:
  // Each with the rows of all its sessions, the current one first.
  using Devices = std::map<DeviceId, std::shared_ptr<const Rows>>;

  explicit ReplicaIndex(Test by) : by_(std::move(by)) {}

  [[nodiscard]] bool is_by(const Test& test) const { return by_.is_about_the_same(test); }

  void add(const DeviceId& device, const std::shared_ptr<const Rows>& rows);
  void remove(const DeviceId& device, const Rows& rows);

  [[nodiscard]] const Devices& with(const std::string& value) const;
  [[nodiscard]] std::size_t bytes() const;  // of memory, about

  std::atomic<std::uint64_t> used = 0;  // the higher, the later

 private:
  const Test by_;  // its attribute and label
  std::unordered_map<std::string, Devices> devices_;
  std::size_t entries_ = 0;
};

class ReplicaIndexes {
 public:
  static constexpr std::size_t kIndexesMax = 8;

  // Of any thread that may read: the devices with the value that the test demands. Null: there is
  // no index yet; the next make_wanted() makes it.
  const ReplicaIndex::Devices* find(const Test& test);

  using All = std::list<std::unique_ptr<ReplicaIndex>>;

  // The next that is wanted, made of `devices`; null: none is. Of the writer.
  std::unique_ptr<ReplicaIndex> make_wanted(const ReplicaIndex::Devices& devices);

  // In place of the one that was used longest ago, if there are too many.
  void take(std::unique_ptr<ReplicaIndex> index);
  All take_all() { return std::exchange(all_, {}); }

  void add(const DeviceId& device, const std::shared_ptr<const Rows>& rows);
  void remove(const DeviceId& device, const Rows& rows);
  [[nodiscard]] std::size_t bytes() const;

 private:
  [[nodiscard]] ReplicaIndex* by(const Test& test) const;
  std::optional<Test> take_wanted();

  All all_;
  std::atomic<std::uint64_t> uses_ = 0;

  std::mutex mutex_;
  // Protected by mutex_.
  std::vector<Test> wanted_;  // at most kIndexesMax
};

}  // namespace dmp::registry::api
