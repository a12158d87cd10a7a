// Reader, Database: the port to the database, and what goes through it: Statement and Rows, plain
// values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"

namespace dmp::registry::api {

// One statement. The text holds only our own words and $n; everything a caller gave is a value.
struct Statement {
  std::string text;
  std::vector<std::string> values{};
  // Finds its rows by their keys, so that one plan is right whatever the values. Others are planned
  // with their values each time.
  bool by_key = false;

  // Adds a value; returns what stands for it in the text, "$n".
  std::string bind(std::string value) {
    values.push_back(std::move(value));
    return "$" + std::to_string(values.size());
  }
};

// A result as text, in one buffer. NULL reads as "".
class Rows {
 public:
  explicit Rows(std::size_t columns = 0) : columns_(columns) {}

  // Cells come row by row.
  void add(std::string_view cell) {
    bytes_ += cell;
    DMP_CHECK(bytes_.size() <= std::numeric_limits<End>::max());
    ends_.push_back(static_cast<End>(bytes_.size()));
  }

  // Takes no more memory than what was added.
  void shrink() {
    bytes_.shrink_to_fit();
    ends_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t bytes() const {
    return bytes_.capacity() + ends_.capacity() * sizeof(ends_[0]);
  }

  // That there will be so many rows, about as long as those there are. A hint: a first row that is
  // far longer than the others takes no more than kReservedMax in vain.
  static constexpr std::size_t kReservedMax = std::size_t{1} << 20;
  void expect(std::size_t rows) {
    ends_.reserve(std::min(rows * columns_, kReservedMax / sizeof(End)));
    if (!empty()) bytes_.reserve(std::min(bytes_.size() / size() * rows, kReservedMax));
  }

  [[nodiscard]] std::size_t size() const { return columns_ == 0 ? 0 : ends_.size() / columns_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

  // Valid until the next add.
  [[nodiscard]] std::string_view at(std::size_t row, std::size_t column) const {
    const std::size_t cell = row * columns_ + column;
    DMP_CHECK(column < columns_ && cell < ends_.size());
    const std::size_t begin = cell == 0 ? 0 : ends_[cell - 1];
    return std::string_view(bytes_).substr(begin, ends_[cell] - begin);
  }

 private:
  using End = std::uint32_t;

  std::size_t columns_;
  std::string bytes_;
  std::vector<End> ends_;
};

// What a cell of a BOOL column says.
inline bool is_true(std::string_view cell) { return cell == "t" || cell == "true"; }

// The cells of one row from a column on, from left to right.
class Cells {
 public:
  Cells(const Rows& rows, std::size_t row, std::size_t column = 0)
      : rows_(&rows), row_(row), column_(column) {}
  std::string_view next() { return rows_->at(row_, column_++); }

 private:
  const Rows* rows_;
  std::size_t row_;
  std::size_t column_;
};

// A database connection, for reading. Owned by one worker thread.
class Reader {
 public:
  virtual ~Reader() = default;

  // Waits at most for the statement timeout, and not at all while the database is known to be away.
  // Retry::kYes: "database_away", "too_slow". Retry::kNo: the statement is wrong. The message is
  // for the log, not for the caller.
  virtual Result<Rows> read(const Statement& statement) = 0;
};

// The same connection, for writing too.
class Database : public Reader {
 public:
  // In a transaction of its own; never repeated by itself. After "database_away" it may have
  // happened or not.
  virtual Result<Rows> write(const Statement& statement) = 0;
};

}  // namespace dmp::registry::api
