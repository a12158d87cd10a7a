// WatchIndex: which of many lists a device may come into, change in or leave, so that the others
// need not be asked about it. Names a list too often rather than not at all. Pure; one thread.
//
// A list whose filter demands one value of an attribute (`model == "TV"`) is asked about the
// devices that have it and about those it holds; a list that demands none, about all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "registry/api/query/filter.h"
#include "registry/api/reader.h"
#include "schema/ids.h"

namespace dmp::registry::api {

class WatchIndex {
 public:
  using List = std::uint64_t;  // a number of the owner's

  void add(List list, const Filter& filter);
  // REQUIRES: added with this filter, and everything it held is dropped.
  void remove(List list, const Filter& filter);

  void hold(const DeviceId& device, List list);
  void drop(const DeviceId& device, List list);

  // Adds the lists that may be concerned by a device, of which rows [begin, end) of item_columns
  // are all that is known now; some of them more than once.
  void find(const DeviceId& device, const Rows& rows, std::size_t begin, std::size_t end,
            std::vector<List>& found) const;

 private:
  // Lists that demand a value of the same attribute, by that value.
  struct Demand {
    Test test;  // its attribute and label
    std::unordered_map<std::string, std::vector<List>> lists;
  };

  std::vector<List>& lists_of(const Filter& filter);

  std::vector<Demand> demands_;
  std::vector<List> undemanding_;
  std::unordered_map<DeviceId, std::vector<List>> holders_;
};

}  // namespace dmp::registry::api
