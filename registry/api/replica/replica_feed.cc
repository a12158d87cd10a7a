#include "registry/api/replica/replica_feed.h"

#include <utility>

#include "base/log.h"
#include "registry/api/sql/device_page.h"

namespace dmp::registry::api {

void ReplicaFeed::follow(SteadyTime now) {
  if (held_ && replica_->is_too_big()) {
    log_warning("lists_from_database",
                {{"reason", "the devices need more memory than list-mib-max allows"},
                 {"devices", replica_->devices()},
                 {"bytes", replica_->bytes()}});
    replica_->give_up(now);
  }
  if (is_wanted(now) == held_) return;
  if (held_) return drop();
  held_ = true;
  reload();
}

void ReplicaFeed::drop() {
  if (held_) replica_->drop();
  held_ = loading_ = false;
}

void ReplicaFeed::reload() {
  if (!held_) return;
  replica_->set_whole(false);
  refresh_all();
}

void ReplicaFeed::refresh_all() {
  loading_ = true;
  loaded_.reset();
}

void ReplicaFeed::load_page(Reader& reader, const Refresh& refresh, SteadyTime now) {
  const auto page = read_device_page(reader, Filter(), Replica::scope(), loaded_);
  if (!page || !refresh(page->devices)) {
    not_before_ = now + kPauseAfterFailure;
    return;
  }
  replica_->keep_only(loaded_, page->next, page->devices);
  loaded_ = page->next;
  if (loaded_) return;
  loading_ = false;
  loaded_at_ = now;
  replica_->set_whole(true);
  log_info("lists_from_memory", {{"devices", replica_->devices()}, {"bytes", replica_->bytes()}});
}

std::optional<ListedPage> ReplicaFeed::page(const Filter& filter, const Scope& scope,
                                            const std::optional<DeviceId>& after) {
  if (!held_) return std::nullopt;
  DevicesQuery query{.filter = filter, .canary = scope.canary};
  query.page.limit = kPageMax;
  if (after) query.page.after = DevicePosition{*after, {}}.str();
  return replica_->follow(query, scope);
}

void ReplicaFeed::put(const std::vector<std::string>& devices, const Rows& items) {
  if (held_) replica_->put(devices, items);
}

void ReplicaFeed::looked(SteadyTime began) {
  if (!held_) return;
  replica_->looked(began);
  replica_->tend(began);
}

void ReplicaFeed::tick(Replica::Heard heard, SteadyTime now) {
  if (!held_) return;
  replica_->set_heard(std::move(heard));
  if (!loading_ && now - loaded_at_ > relist_every_) refresh_all();
}

}  // namespace dmp::registry::api
