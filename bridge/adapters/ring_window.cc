#include "bridge/adapters/ring_window.h"

#include <algorithm>

#include "base/check.h"
#include "bridge/core/window_record.h"

namespace dmp::bridge {

RingWindow::RingWindow(std::span<std::byte> image, const Recovered& recovered,
                       std::size_t messages_max)
    : ring_(image.subspan(kImageHeadBytes)),
      messages_max_(messages_max),
      base_(recovered.begin.sequence),
      begin_(image),
      end_(image),
      slots_(std::max(messages_max, recovered.records.size())) {
  DMP_CHECK(messages_max > 0 && recovered.foreign.empty() && recovered.damage.empty());
  adopt(recovered);
}

void RingWindow::adopt(const Recovered& recovered) {
  std::uint64_t head = recovered.begin.offset;
  tail_ = head;
  for (const std::uint64_t offset : recovered.records) {
    if (offset < head % ring_.size()) head += ring_.size() - head % ring_.size();
    Slot& slot = slots_[appended_++];
    slot.at = head - head % ring_.size() + offset;
    slot.end = slot.at + record_bytes(message_in(ring_.data() + offset));
    head = slot.end;
  }
  head_ = head;
  last_start_ = recovered.start;
  // A process killed on its way here may not have moved it.
  if (!recovered.records.empty()) end_.store({recovered.end(), last_start_});
}

std::byte* RingWindow::at_position(std::uint64_t position) const noexcept {
  return ring_.data() + position % ring_.size();
}

std::uint64_t RingWindow::used_from() const noexcept {
  return std::max(tail_.load(std::memory_order_acquire), start_.load(std::memory_order_relaxed));
}

std::optional<Place> RingWindow::place_for(const Message& message) const noexcept {
  const std::uint64_t kept =
      appended_.load(std::memory_order_relaxed) - freed_.load(std::memory_order_acquire);
  if (kept >= messages_max_) return std::nullopt;
  return place_record(head_.load(std::memory_order_relaxed), used_from(), ring_.size(),
                      record_bytes(message));
}

bool RingWindow::append(const Message& message) noexcept {
  const auto place = place_for(message);
  if (!place) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  put(message, *place);
  return true;
}

void RingWindow::put(const Message& message, const Place& place) noexcept {
  const std::uint64_t number = appended_.load(std::memory_order_relaxed);
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  if (place.skips) write_skip({at_position(head), kRecordHeadBytes}, base_ + number);
  if (place.starts_over) {
    start_.store(place.at, std::memory_order_relaxed);
    last_start_ = base_ + number;
  }
  const std::size_t bytes = record_bytes(message);
  write_record({at_position(place.at), bytes}, base_ + number, message);
  Slot& slot = slots_[number % slots_.size()];
  slot = {.at = place.at, .end = place.at + bytes};
  head_.store(slot.end, std::memory_order_relaxed);
  // Now it survives a kill of this process; then the loop may see it.
  end_.store({.sequence = base_ + number + 1, .start = last_start_});
  appended_.store(number + 1, std::memory_order_release);
}

std::optional<Message> RingWindow::take() {
  if (taken_ == appended_.load(std::memory_order_acquire)) return std::nullopt;
  return message_in(at_position(slots_[taken_++ % slots_.size()].at));
}

Message RingWindow::at(std::uint64_t sequence) const {
  DMP_CHECK(sequence < taken_ && sequence >= freed_.load(std::memory_order_relaxed));
  return message_in(at_position(slots_[sequence % slots_.size()].at));
}

void RingWindow::free(std::size_t count) {
  if (count == 0) return;
  const std::uint64_t freed = freed_.load(std::memory_order_relaxed) + count;
  DMP_CHECK(freed <= taken_);
  const std::uint64_t end = slots_[(freed - 1) % slots_.size()].end;
  // Before its room can be used again.
  begin_.store({.sequence = base_ + freed, .offset = end % ring_.size()});
  tail_.store(end, std::memory_order_release);
  freed_.store(freed, std::memory_order_release);
}

WindowLevel RingWindow::level() const {
  const std::uint64_t freed = freed_.load(std::memory_order_acquire);
  const std::uint64_t tail = used_from();
  return {.messages = appended_.load(std::memory_order_acquire) - freed,
          .bytes = std::max(head_.load(std::memory_order_relaxed), tail) - tail,
          .refused = refused_.load(std::memory_order_relaxed)};
}

}  // namespace dmp::bridge
