// Outstanding: how many calls of the present connection wait for their answer.
//
// Answers may come late, when another connection has begun: those count no more. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>

namespace dmp::bridge {

class Outstanding {
 public:
  // From now on the calls of this connection are counted, and no others.
  void begin(std::intptr_t connection) {
    const std::lock_guard lock(mutex_);
    connection_ = connection;
    count_ = 0;
  }

  // A call begins; its ticket is for done().
  [[nodiscard]] std::intptr_t add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    return connection_;
  }

  void done(std::intptr_t ticket) {
    const std::lock_guard lock(mutex_);
    if (ticket == connection_) --count_;
  }

  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::intptr_t connection_ = 0;  // protected by mutex_, as the count
  int count_ = 0;
};

}  // namespace dmp::bridge
