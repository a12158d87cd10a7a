// BoundedQueue: the only way a value changes thread.
//
// Bounded in count and in bytes (the pusher says how many bytes a value stands for). A full queue
// refuses: what a refusal means is the pusher's decision, and the pusher counts it.
// The class is thread-safe. No call blocks except pop_until.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace dmp {

template <class T>
class BoundedQueue {
 public:
  BoundedQueue(std::size_t count_max, std::size_t bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  // False, and `value` untouched, if the queue is full or closed.
  [[nodiscard]] bool try_push(T&& value, std::size_t bytes = 0) {
    {
      std::lock_guard lock(mutex_);
      if (closed_ || values_.size() >= count_max_ || bytes_ + bytes > bytes_max_) return false;
      values_.emplace_back(std::move(value), bytes);
      bytes_ += bytes;
    }
    changed_.notify_one();
    return true;
  }

  // The oldest value; nothing if none came before `deadline` or the queue is closed and empty.
  [[nodiscard]] std::optional<T> pop_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return closed_ || !values_.empty(); });
    return take();
  }

  [[nodiscard]] std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    return take();
  }

  // Refuses further values and wakes every waiting pop; what is inside can still be taken.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    std::lock_guard lock(mutex_);
    return values_.size();
  }

  [[nodiscard]] std::size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front().first));
    bytes_ -= values_.front().second;
    values_.pop_front();
    return value;
  }

  const std::size_t count_max_;
  const std::size_t bytes_max_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // State below is protected by mutex_.
  std::deque<std::pair<T, std::size_t>> values_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace dmp
