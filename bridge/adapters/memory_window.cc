#include "bridge/adapters/memory_window.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace dmp::bridge {
namespace {

std::string_view copy(std::string_view text, char*& to) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  const std::string_view copied(to, text.size());
  to += text.size();
  return copied;
}

}  // namespace

MemoryWindow::MemoryWindow(std::size_t bytes_max, std::size_t messages_max)
    // Not initialised: pages that are never used cost nothing.
    : bytes_max_(bytes_max), ring_(new char[bytes_max]), slots_(messages_max) {
  DMP_CHECK(bytes_max >= MessageLimits::kMessageBytes && messages_max > 0);
}

std::optional<std::uint64_t> MemoryWindow::place_for(std::size_t bytes) noexcept {
  const std::uint64_t tail = used_from();
  std::uint64_t head = head_.load(std::memory_order_relaxed);
  const std::size_t offset = head % bytes_max_;
  if (head == tail || offset + bytes > bytes_max_) head += (bytes_max_ - offset) % bytes_max_;
  // An empty window starts over at the ring's beginning, so that it keeps using the same few pages
  // while the sink keeps up.
  if (head_.load(std::memory_order_relaxed) == tail) {
    start_.store(head, std::memory_order_relaxed);
    return head;
  }
  if (head + bytes - tail > bytes_max_) return std::nullopt;
  return head;
}

std::uint64_t MemoryWindow::used_from() const noexcept {
  return std::max(tail_.load(std::memory_order_acquire), start_.load(std::memory_order_relaxed));
}

bool MemoryWindow::append(const Message& message) noexcept {
  const std::uint64_t sequence = appended_.load(std::memory_order_relaxed);
  const bool has_slot = sequence - freed_.load(std::memory_order_acquire) < slots_.size();
  const std::size_t bytes = bytes_of(message);
  const auto place = has_slot ? place_for(bytes) : std::nullopt;
  if (!place) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  char* to = ring_.get() + *place % bytes_max_;
  Slot& slot = slots_[sequence % slots_.size()];
  slot.message = message;
  slot.message.topic = copy(message.topic, to);
  slot.message.payload = copy(message.payload, to);
  slot.message.content_type = copy(message.content_type, to);
  slot.message.response_topic = copy(message.response_topic, to);
  slot.message.correlation = copy(message.correlation, to);
  slot.message.properties = copy(message.properties, to);
  slot.end = *place + bytes;
  head_.store(slot.end, std::memory_order_relaxed);
  appended_.store(sequence + 1, std::memory_order_release);
  return true;
}

std::optional<Message> MemoryWindow::take() {
  if (taken_ == appended_.load(std::memory_order_acquire)) return std::nullopt;
  return slots_[taken_++ % slots_.size()].message;
}

Message MemoryWindow::at(std::uint64_t sequence) const {
  DMP_CHECK(sequence < taken_ && sequence >= freed_.load(std::memory_order_relaxed));
  return slots_[sequence % slots_.size()].message;
}

void MemoryWindow::free(std::size_t count) {
  if (count == 0) return;
  const std::uint64_t freed = freed_.load(std::memory_order_relaxed) + count;
  DMP_CHECK(freed <= taken_);
  tail_.store(slots_[(freed - 1) % slots_.size()].end, std::memory_order_release);
  freed_.store(freed, std::memory_order_release);
}

WindowLevel MemoryWindow::level() const {
  const std::uint64_t freed = freed_.load(std::memory_order_acquire);
  const std::uint64_t tail = used_from();
  return {.messages = appended_.load(std::memory_order_acquire) - freed,
          .bytes = std::max(head_.load(std::memory_order_relaxed), tail) - tail,
          .refused = refused_.load(std::memory_order_relaxed)};
}

}  // namespace dmp::bridge
