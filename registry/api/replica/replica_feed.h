// ReplicaFeed: when a replica is filled, kept up to date and dropped. Owned by the hub's thread,
// which does the reading.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "registry/api/problem.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"

namespace dmp::registry::api {

class ReplicaFeed {
 public:
  // Until the hub's thread tries again to read what it could not.
  static constexpr std::chrono::seconds kPauseAfterFailure{1};

  // `replica` may be null: nothing is ever wanted then. It is read again as a whole every
  // `relist_every`.
  ReplicaFeed(Replica* replica, std::chrono::milliseconds relist_every)
      : replica_(replica), relist_every_(relist_every) {}

  [[nodiscard]] bool is_wanted(SteadyTime now) const {
    return replica_ != nullptr && replica_->is_wanted(now);
  }
  [[nodiscard]] bool is_eager(SteadyTime now) const { return held_ && replica_->is_eager(now); }

  // Begins to hold it or drops it, as it is wanted. REQUIRES: changes are looked for from now on.
  void follow(SteadyTime now);
  void drop();

  // Everything must be read again before a list is answered.
  void reload();
  [[nodiscard]] bool is_loading(SteadyTime now) const { return loading_ && now >= not_before_; }

  // Reads the next page of devices; `refresh` reads their items and put()s them, or fails. What
  // cannot be read is tried again a second later.
  using Refresh = std::function<bool(const std::vector<std::string>&)>;
  void load_page(Reader& reader, const Refresh& refresh, SteadyTime now);

  // The next page of a list behind `after`; none: read it from the database.
  std::optional<ListedPage> page(const Filter& filter, const Scope& scope,
                                 const std::optional<DeviceId>& after);

  // What was read of these devices now.
  void put(const std::vector<std::string>& devices, const Rows& items);

  // A look that began then has found everything.
  void looked(SteadyTime began);

  // What only time moves; about once a second.
  void tick(Replica::Heard heard, SteadyTime now);

 private:
  // Everything is read again, whatever it may bring; lists are answered meanwhile.
  void refresh_all();

  Replica* const replica_;
  const std::chrono::milliseconds relist_every_;
  bool held_ = false;
  bool loading_ = false;
  SteadyTime loaded_at_{};
  SteadyTime not_before_{};
  std::optional<DeviceId> loaded_{};  // up to this device
};

}  // namespace dmp::registry::api
