#include "registry/api/watch/watch_index.h"

#include <algorithm>

#include "registry/api/query/filter_demand.h"
#include "registry/api/query/item_values.h"

namespace dmp::registry::api {

std::vector<WatchIndex::List>& WatchIndex::lists_of(const Filter& filter) {
  const Test* test = demanded_value(filter);
  if (test == nullptr) return undemanding_;
  auto demand = std::find_if(demands_.begin(), demands_.end(), [test](const Demand& one) {
    return one.test.is_about_the_same(*test);
  });
  if (demand != demands_.end()) return demand->lists[test->value];
  demands_.push_back({.test = *test, .lists = {}});
  return demands_.back().lists[test->value];
}

void WatchIndex::add(List list, const Filter& filter) { lists_of(filter).push_back(list); }

void WatchIndex::remove(List list, const Filter& filter) {
  std::vector<List>& lists = lists_of(filter);
  std::erase(lists, list);
  if (!lists.empty()) return;
  for (Demand& demand : demands_) {
    std::erase_if(demand.lists, [](const auto& one) { return one.second.empty(); });
  }
  std::erase_if(demands_, [](const Demand& demand) { return demand.lists.empty(); });
}

void WatchIndex::hold(const DeviceId& device, List list) { holders_[device].push_back(list); }

void WatchIndex::drop(const DeviceId& device, List list) {
  const auto holders = holders_.find(device);
  if (holders == holders_.end()) return;
  std::erase(holders->second, list);
  if (holders->second.empty()) holders_.erase(holders);
}

void WatchIndex::find(const DeviceId& device, const Rows& rows, std::size_t begin, std::size_t end,
                      std::vector<List>& found) const {
  const auto add = [&found](const std::vector<List>& lists) {
    found.insert(found.end(), lists.begin(), lists.end());
  };
  add(undemanding_);
  if (const auto holders = holders_.find(device); holders != holders_.end()) add(holders->second);
  // Which of its sessions a list sees is for the list's scope to say.
  for (std::size_t row = begin; row < end; ++row) {
    ItemValues values(rows, row);
    for (const Demand& demand : demands_) {
      const auto lists = demand.lists.find(std::string(values(demand.test)));
      if (lists != demand.lists.end()) add(lists->second);
    }
  }
}

}  // namespace dmp::registry::api
