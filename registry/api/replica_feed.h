// ReplicaFeed: when a replica is filled, kept up to date and dropped. Owned by the hub's thread,
// which does the reading.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "registry/api/problem.h"
#include "registry/api/reader.h"
#include "registry/api/replica.h"

namespace dmp::registry::api {

class ReplicaFeed {
 public:
  // `replica` may be null: nothing is ever wanted then.
  explicit ReplicaFeed(Replica* replica) : replica_(replica) {}

  [[nodiscard]] bool is_wanted(SteadyTime now) const {
    return replica_ != nullptr && replica_->is_wanted(now);
  }
  [[nodiscard]] bool is_eager(SteadyTime now) const { return held_ && replica_->is_eager(now); }

  // Begins to hold it or drops it, as it is wanted. REQUIRES: changes are looked for from now on.
  void follow(SteadyTime now);
  void drop();

  // Everything must be read again.
  void reload();
  [[nodiscard]] bool is_loading() const { return loading_; }

  // Reads the next page of devices; `refresh` reads their items and put()s them, or fails.
  using Refresh = std::function<bool(const std::vector<std::string>&)>;
  Answer<void> load_page(Reader& reader, const Refresh& refresh);

  // The next page of a list behind `after`; none: read it from the database.
  std::optional<ListedPage> page(const Filter& filter, const Scope& scope,
                                 const std::optional<DevicePosition>& after);

  // What was read of these devices now.
  void put(const std::vector<std::string>& devices, const Rows& items);

  // A look that began then has found everything.
  void looked(SteadyTime began);

  // What only time moves; about once a second.
  void tick(const Rows& raes);

 private:
  Replica* const replica_;
  bool held_ = false;
  bool loading_ = false;
  std::optional<DevicePosition> loaded_{};  // up to this device
};

}  // namespace dmp::registry::api
