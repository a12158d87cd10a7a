// StatementSize: how many records of a batch go into one statement.
//
// All of them, until the database ends a statement for taking too long: sent again as it is, a
// batch that a slow database cannot store in time would never be stored. Halved then; a tenth more,
// at least one record, after each statement that was stored. Not thread-safe. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

namespace dmp::registry {

class StatementSize {
 public:
  explicit StatementSize(std::size_t most) : most_(most), records_(most) {}

  [[nodiscard]] std::size_t records() const { return records_; }

  void stored() { records_ = std::min(most_, records_ + std::max<std::size_t>(1, records_ / 10)); }
  // Of so many records.
  void took_too_long(std::size_t tried) { records_ = std::max<std::size_t>(1, tried / 2); }

 private:
  const std::size_t most_;
  std::size_t records_;
};

}  // namespace dmp::registry
