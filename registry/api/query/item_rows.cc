#include "registry/api/query/item_rows.h"

#include "registry/api/item/item.h"
#include "registry/api/query/item_values.h"

namespace dmp::registry::api {

DeviceSpans rows_by_device(const Rows& items) {
  DeviceSpans spans;
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    while (end < items.size() && items.at(end, 0) == items.at(begin, 0)) ++end;
    spans[items.at(begin, 0)] = {begin, end};
  }
  return spans;
}

std::optional<std::size_t> visible_row(const Filter& filter, const Scope& scope, const Rows& rows,
                                       std::size_t begin, std::size_t end) {
  static const std::size_t kRae = item_column("rae");
  std::size_t row = begin;
  while (row < end && !may_see(scope, rows.at(row, kRae))) ++row;
  if (row == end || !passes(filter, rows, row)) return std::nullopt;
  return row;
}

}  // namespace dmp::registry::api
