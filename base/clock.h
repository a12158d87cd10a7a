// Clock: the only way a program reads time. Cores take `now` as an argument instead.
#pragma once

#include <chrono>
#include <cstdint>

namespace dmp {

using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Microseconds since the Unix epoch. May jump in both directions.
  [[nodiscard]] virtual std::int64_t wall_us() const = 0;

  // Never goes back; says nothing about the date.
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

}  // namespace dmp
