#include "bridge/core/echo.h"

#include <utility>

namespace dmp::bridge {

void Echo::begin(SteadyTime now) {
  is_begun_ = true;
  next_ = now;
  heard_at_ = now;
}

void Echo::end() {
  is_begun_ = false;
  is_owed_ = false;
}

std::optional<std::uint64_t> Echo::take_due(SteadyTime now) {
  if (!is_begun_ || now < next_) return std::nullopt;
  next_ = now + kEvery;
  sent_at_ = now;
  is_owed_ = true;
  return ++number_;
}

std::optional<SteadyTime> Echo::next_due() const {
  if (!is_begun_) return std::nullopt;
  return next_;
}

std::optional<SteadyTime::duration> Echo::returned(std::uint64_t number, SteadyTime now) {
  if (number != number_ || !std::exchange(is_owed_, false)) return std::nullopt;
  heard_at_ = now;
  return now - sent_at_;
}

}  // namespace dmp::bridge
