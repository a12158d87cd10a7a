#include "bridge/core/echo.h"

#include <algorithm>
#include <utility>

namespace dmp::bridge {

void Echo::begin(SteadyTime now) {
  is_begun_ = true;
  first_ = number_ + 1;
  next_ = lost_ == 0 ? now : now + every();
  heard_at_ = now;
}

void Echo::end() {
  is_begun_ = false;
  if (std::exchange(is_owed_, false)) lost_ = std::min(lost_ + 1, kLostMax);
}

std::optional<std::uint64_t> Echo::take_due(SteadyTime now) {
  if (!is_begun_ || now < next_) return std::nullopt;
  next_ = now + every();
  sent_at_ = now;
  is_owed_ = true;
  return ++number_;
}

std::optional<SteadyTime> Echo::next_due() const {
  if (!is_begun_) return std::nullopt;
  return next_;
}

std::optional<SteadyTime::duration> Echo::returned(std::uint64_t number, SteadyTime now) {
  if (!is_begun_ || number < first_ || number > number_) return std::nullopt;
  heard_at_ = now;
  lost_ = 0;
  if (number != number_ || !std::exchange(is_owed_, false)) return std::nullopt;
  return now - sent_at_;
}

bool Echo::is_deaf(SteadyTime now) const {
  const bool has_asked_or_may_not = is_owed_ || lost_ > 1;
  return is_begun_ && has_asked_or_may_not && now - heard_at_ > kSilence;
}

}  // namespace dmp::bridge
