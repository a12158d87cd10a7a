#include "bridge/wake.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace dmp::bridge {

Wake::Wake() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { DMP_CHECK(fd_ >= 0); }

Wake::~Wake() { close(fd_); }

void Wake::notify() noexcept {
  if (notified_.exchange(true) || is_resting_) return;
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

bool Wake::rest() {
  is_resting_ = true;  // a notify() need not write
  std::this_thread::sleep_until(rested_until_);
  rested_until_ = std::chrono::steady_clock::now() + rest_;
  // In this order: whoever still finds it resting has set the other one before.
  is_resting_ = false;
  return notified_.exchange(false);
}

bool Wake::take_notify() {
  std::uint64_t count = 0;
  return read(fd_, &count, sizeof count) == sizeof count;
}

void Wake::wait_until(SteadyTime deadline, SteadyTime now) {
  using std::chrono::milliseconds;
  if (rest_.count() > 0 && rest()) return;
  if (!take_notify() && deadline > now) {
    // A deadline may be as far back as SteadyTime::min(), from where no difference fits.
    const auto patience = std::chrono::ceil<milliseconds>(deadline - now);
    pollfd readable{fd_, POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(std::min(patience, milliseconds(60'000)).count()));
    take_notify();
    rested_until_ = std::chrono::steady_clock::now() + rest_;
  }
  // After the read: a notify() from here on writes again, one before it is seen by this turn.
  notified_ = false;
}

}  // namespace dmp::bridge
