#include "bridge/wake.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace dmp::bridge {

Wake::Wake(std::chrono::microseconds rest)
    : rest_(rest), fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  DMP_CHECK(fd_ >= 0);
}

Wake::~Wake() { close(fd_); }

void Wake::notify() noexcept {
  if (notified_.exchange(true)) return;
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

void Wake::wait_until(SteadyTime deadline, SteadyTime now) {
  using std::chrono::milliseconds;
  // A deadline may be as far back as SteadyTime::min(), from where no difference fits.
  const auto patience =
      deadline <= now ? milliseconds(0) : std::chrono::ceil<milliseconds>(deadline - now);
  pollfd readable{fd_, POLLIN, 0};
  ::poll(&readable, 1, static_cast<int>(std::min(patience, milliseconds(60'000)).count()));
  if (rest_.count() > 0) {
    std::this_thread::sleep_until(rested_until_);
    rested_until_ = std::chrono::steady_clock::now() + rest_;
  }
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(fd_, &count, sizeof count);
  // After the read: a notify() from here on writes again, one before it is seen by this turn.
  notified_ = false;
}

}  // namespace dmp::bridge
