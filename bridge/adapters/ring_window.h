// RingWindow: the Window in memory that somebody gives it; core/window_image.h says what lies where
// in it. Whoever finds that memory after this process was killed finds every message not freed.
//
// One thread appends and one takes and frees; they share no lock. Nothing is allocated after the
// start.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

#include "bridge/core/window_image.h"
#include "bridge/ports.h"

namespace dmp::bridge {

class RingWindow : public Window {
 public:
  // Goes on with what was recovered from the undamaged `image`, which must outlive it. It keeps at
  // most `messages_max` messages, or as many as were recovered.
  RingWindow(std::span<std::byte> image, const Recovered& recovered, std::size_t messages_max);

  bool append(const Message& message) noexcept final;
  std::optional<Message> take() final;
  [[nodiscard]] Message at(std::uint64_t sequence) const final;
  void free(std::size_t count) final;
  [[nodiscard]] WindowLevel level() const final;

 private:
  struct Slot {
    std::uint64_t at = 0;
    std::uint64_t end = 0;
  };

  void adopt(const Recovered& recovered);
  [[nodiscard]] std::optional<Place> place_for(const Message& message) const noexcept;
  void put(const Message& message, const Place& place) noexcept;
  // Of the oldest message, or of the ring's round that an empty window began last.
  [[nodiscard]] std::uint64_t used_from() const noexcept;
  [[nodiscard]] std::byte* at_position(std::uint64_t position) const noexcept;

  const std::span<std::byte> ring_;
  const std::size_t messages_max_;
  const std::uint64_t base_;  // sequence in the image of our message 0
  TwinCell<Begin> begin_;
  TwinCell<End> end_;
  std::uint64_t last_start_ = 0;  // as End::start; of the appender
  std::vector<Slot> slots_;       // of message n: slots_[n % size]

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
