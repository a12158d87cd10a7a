// Item values: what a filter's attributes are for one row of item_columns. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "registry/api/query/filter.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// Of one row; the row must outlive it.
class ItemValues {
 public:
  ItemValues(const Rows& rows, std::size_t row) : rows_(&rows), row_(row) {}

  // "" if it is not known.
  std::string_view operator()(const Test& test);

  // By which a list is sorted.
  [[nodiscard]] std::string_view of(const Attribute& attribute) const;

 private:
  std::string_view label(const std::string& key);

  const Rows* rows_;
  std::size_t row_;
  std::optional<std::map<std::string, std::string>> labels_;  // read when first asked for
};

// Whether the row's device passes.
inline bool passes(const Filter& filter, const Rows& rows, std::size_t row) {
  ItemValues values(rows, row);
  return passes(filter, [&values](const Test& test) { return values(test); });
}

}  // namespace dmp::registry::api
