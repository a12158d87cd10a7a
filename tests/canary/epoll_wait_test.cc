// In this program epoll_pwait2 is as on a kernel that has none.
#include "canary/adapters/epoll_wait.h"

#include <array>
#include <cerrno>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

// The C library's gives way to this one.
extern "C" int epoll_pwait2(int /*epoll*/, epoll_event* /*events*/, int /*most*/,
                            const timespec* /*timeout*/, const sigset_t* /*mask*/) {
  errno = ENOSYS;
  return -1;
}

namespace dmp::canary {
namespace {

TEST(EpollWait, hears_of_events_where_epoll_pwait2_is_not_there) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int event = eventfd(0, EFD_CLOEXEC);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u32 = 7;
  ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted), 0);
  EpollWait waiting;
  std::array<epoll_event, 4> ready{};
  EXPECT_EQ(waiting.wait(epoll, ready, std::chrono::nanoseconds(1)), 0U);
  ASSERT_EQ(eventfd_write(event, 1), 0);
  EXPECT_EQ(waiting.wait(epoll, ready, std::chrono::seconds(60)), 1U);
  EXPECT_EQ(ready[0].data.u32, 7U);
  close(event);
  close(epoll);
}

}  // namespace
}  // namespace dmp::canary
