// Valve: whether the bridge takes messages from the broker. Pure.
//
// Closes at high water and opens again at low water: in between it stays as it is, so that it does
// not flutter. Above high water there must be room for what is still coming when it closes.
#pragma once

#include <cstddef>

#include "base/check.h"

namespace dmp::bridge {

struct WaterMarks {
  std::size_t high_bytes = 0;
  std::size_t low_bytes = 0;
  std::size_t high_messages = 0;
  std::size_t low_messages = 0;
};

class Valve {
 public:
  explicit Valve(WaterMarks marks) : marks_(marks) {
    DMP_CHECK(marks.low_bytes < marks.high_bytes && marks.low_messages < marks.high_messages);
  }

  // Whether it is open at this level.
  bool update(std::size_t bytes, std::size_t messages) {
    if (bytes >= marks_.high_bytes || messages >= marks_.high_messages) open_ = false;
    if (bytes <= marks_.low_bytes && messages <= marks_.low_messages) open_ = true;
    return open_;
  }

  [[nodiscard]] bool is_open() const { return open_; }

 private:
  WaterMarks marks_;
  bool open_ = true;
};

}  // namespace dmp::bridge
