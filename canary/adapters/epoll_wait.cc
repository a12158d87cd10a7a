#include "canary/adapters/epoll_wait.h"

#include <cerrno>
#include <ctime>

#include "base/check.h"
#include "base/log.h"

namespace dmp::canary {

std::size_t EpollWait::wait(int epoll, std::span<epoll_event> ready,
                            std::chrono::nanoseconds patience) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const timespec timeout{.tv_sec = whole.count(), .tv_nsec = (patience - whole).count()};
  int count = -1;
  if (!is_coarse_) {
    count = epoll_pwait2(epoll, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
    // EPERM: what a sandbox says that does not know the call.
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
      log_warning("coarse_timers", {{"error", "epoll_pwait2 is not there: late by up to 1 ms"}});
      is_coarse_ = true;
    }
  }
  if (is_coarse_) count = wait_coarsely(epoll, ready, patience);
  DMP_CHECK(count >= 0 || errno == EINTR);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

int EpollWait::wait_coarsely(int epoll, std::span<epoll_event> ready,
                             std::chrono::nanoseconds patience) {
  const auto least = std::chrono::ceil<std::chrono::milliseconds>(patience);
  return epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()),
                    static_cast<int>(least.count()));
}

}  // namespace dmp::canary
