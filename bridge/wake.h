// Wake: lets other threads end the loop's wait. No wake-up is lost: a notify() before wait_until()
// makes that return at once.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace dmp::bridge {

class Wake {
 public:
  // wait_until() returns at most once in `rest`: what comes meanwhile is one wake-up, not many.
  explicit Wake(std::chrono::microseconds rest = {});
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // Any thread. Cheap while the loop has not yet noticed an earlier one.
  void notify() noexcept;

  // The loop's thread.
  void wait_until(SteadyTime deadline, SteadyTime now);

  // An eventfd for libraries that announce work by writing 8 bytes (a 64-bit one).
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const std::chrono::microseconds rest_;
  int fd_;
  SteadyTime rested_until_{};
  std::atomic<bool> notified_ = false;
};

}  // namespace dmp::bridge
