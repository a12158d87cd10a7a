// Wake: lets other threads end the loop's wait. No wake-up is lost: a notify() before wait_until()
// makes that return at once.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace dmp::bridge {

class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // Any thread. Cheap while the loop has not yet noticed an earlier one.
  void notify() noexcept;

  // The loop's thread.
  void wait_until(SteadyTime deadline, SteadyTime now);

  // From now on wait_until() returns at most once in `rest` (at first: 0, no such bound), so that
  // what comes meanwhile is one wake-up. The loop's thread.
  void set_rest(std::chrono::microseconds rest) { rest_ = rest; }

  // An eventfd for libraries that announce work by writing 8 bytes (a 64-bit one).
  [[nodiscard]] int fd() const { return fd_; }

 private:
  // Waits for the rest to end. Whether there was a notify() by then.
  bool rest();
  // Whether somebody has written to fd().
  bool take_notify();

  std::chrono::microseconds rest_{0};
  int fd_;
  SteadyTime rested_until_{};
  std::atomic<bool> notified_ = false;
  std::atomic<bool> is_resting_ = false;
};

}  // namespace dmp::bridge
