// EpollWait: epoll_pwait2(2), and where a kernel or a sandbox has none, epoll_wait(2) instead.
//
// What is due must go out to the part of a millisecond; epoll_wait only knows whole ones.
#pragma once

#include <chrono>
#include <span>

#include <sys/epoll.h>

namespace dmp::canary {

class EpollWait {
 public:
  // How many of `ready` were filled; 0 after `patience`, or earlier if a signal came. Any other
  // failure is one of this program's: it aborts.
  std::size_t wait(int epoll, std::span<epoll_event> ready, std::chrono::nanoseconds patience);

 private:
  int wait_coarsely(int epoll, std::span<epoll_event> ready, std::chrono::nanoseconds patience);

  bool is_coarse_ = false;
};

}  // namespace dmp::canary
