// MemoryWindow: the Window in memory, allocated once.
//
// One thread appends and one takes and frees; they share no lock. A killed process loses what it
// held: those messages were not confirmed, and their agents send them again.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "bridge/ports.h"

namespace dmp::bridge {

class MemoryWindow final : public Window {
 public:
  MemoryWindow(std::size_t bytes_max, std::size_t messages_max);

  bool append(const Message& message) noexcept override;
  std::optional<Message> take() override;
  [[nodiscard]] Message at(std::uint64_t sequence) const override;
  void free(std::size_t count) override;
  [[nodiscard]] WindowLevel level() const override;

 private:
  struct Slot {
    Message message;
    std::uint64_t end = 0;  // position behind its bytes
  };

  // Where `bytes` in a row can go; nothing if there is no room. For the appender.
  [[nodiscard]] std::optional<std::uint64_t> place_for(std::size_t bytes) noexcept;
  [[nodiscard]] std::uint64_t used_from() const noexcept;

  const std::size_t bytes_max_;
  std::unique_ptr<char[]> ring_;  // a position p, counted from the start, is ring_[p % bytes_max_]
  std::vector<Slot> slots_;       // of sequence n: slots_[n % size]

  // Written by the appender.
  std::atomic<std::uint64_t> appended_ = 0;
  std::atomic<std::uint64_t> head_ = 0;   // position behind the newest message
  std::atomic<std::uint64_t> start_ = 0;  // where it last started over; nothing before it is used
  std::atomic<std::uint64_t> refused_ = 0;
  // Written by the loop.
  std::atomic<std::uint64_t> freed_ = 0;
  std::atomic<std::uint64_t> tail_ = 0;  // position behind the newest freed message
  std::uint64_t taken_ = 0;
};

}  // namespace dmp::bridge
