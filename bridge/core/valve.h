// Valve: whether the bridge takes messages from the broker. Pure.
//
// At high water it holds: the source stops reading by itself (ports.h), and while the connection
// stands the broker reads the acknowledgements it was sent. Only if the window has not fallen to
// low water by kHoldMax it closes, and opens again at low water: in between it stays as it is, so
// that it does not flutter.
//
// Why not close at once: acknowledgements that the broker has not read when a connection ends are
// void, and it sends those messages again. Mosquitto before 2.0.13 sends far more than Receive
// Maximum ahead of them, so a bridge that always closed could fill its window with the same
// messages again and again.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/check.h"
#include "base/clock.h"

namespace dmp::bridge {

struct WaterMarks {
  std::size_t high_bytes = 0;
  std::size_t low_bytes = 0;
  std::size_t high_messages = 0;
  std::size_t low_messages = 0;

  [[nodiscard]] bool is_high(std::size_t bytes, std::size_t messages) const {
    return bytes >= high_bytes || messages >= high_messages;
  }
  [[nodiscard]] bool is_low(std::size_t bytes, std::size_t messages) const {
    return bytes <= low_bytes && messages <= low_messages;
  }
};

class Valve {
 public:
  enum class Position { kOpen, kHolding, kClosed };

  // Well below the keepalive: while nothing is read, no ping is answered.
  static constexpr std::chrono::seconds kHoldMax{2};

  explicit Valve(WaterMarks marks) : marks_(marks) {
    DMP_CHECK(marks.low_bytes < marks.high_bytes && marks.low_messages < marks.high_messages);
  }

  Position update(std::size_t bytes, std::size_t messages, SteadyTime now) {
    if (marks_.is_low(bytes, messages)) {
      position_ = Position::kOpen;
    } else if (position_ == Position::kOpen && marks_.is_high(bytes, messages)) {
      position_ = Position::kHolding;
      closes_at_ = now + kHoldMax;
    } else if (position_ == Position::kHolding && now >= closes_at_) {
      position_ = Position::kClosed;
    }
    return position_;
  }

  [[nodiscard]] Position position() const { return position_; }
  // When it closes unless the window empties before; nullopt: not by time.
  [[nodiscard]] std::optional<SteadyTime> closes_at() const {
    if (position_ != Position::kHolding) return std::nullopt;
    return closes_at_;
  }

 private:
  WaterMarks marks_;
  Position position_ = Position::kOpen;
  SteadyTime closes_at_{};
};

}  // namespace dmp::bridge
