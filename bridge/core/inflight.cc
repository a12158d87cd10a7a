#include "bridge/core/inflight.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace dmp::bridge {

std::uint64_t Inflight::add(Ticket ticket) {
  if (count_ == ring_.size()) grow();
  const std::uint64_t sequence = first_ + count_++;
  entry(sequence) = {.ticket = std::move(ticket)};
  return sequence;
}

void Inflight::grow() {
  std::vector<Entry> larger(std::max(kLeast, 2 * ring_.size()));
  for (std::uint64_t i = first_; i < first_ + count_; ++i) {
    larger[i % larger.size()] = std::move(ring_[i % ring_.size()]);
  }
  ring_ = std::move(larger);
}

std::optional<std::uint64_t> Inflight::oldest_waiting() const {
  if (!waiting_.empty()) return *waiting_.begin();
  if (new_ < first_ + count_) return new_;
  return std::nullopt;
}

std::optional<std::uint64_t> Inflight::next() const {
  const auto oldest = oldest_waiting();
  if (!oldest || lone_is_out_) return std::nullopt;
  if (entry(*oldest).alone && out_ > 0) return std::nullopt;
  return oldest;
}

void Inflight::sent(std::uint64_t sequence, SteadyTime now) {
  Entry& sent = entry(sequence);
  DMP_CHECK(sent.state == State::kWaiting && !lone_is_out_);
  if (sequence == new_) {
    ++new_;
  } else {
    waiting_.erase(sequence);
  }
  sent.state = State::kOut;
  sent.ticket.sent_at = now;
  if (!sent.ticket.first_sent_at) sent.ticket.first_sent_at = now;
  ++out_;
  lone_is_out_ = sent.alone;
}

void Inflight::come_back(std::uint64_t sequence) {
  Entry& back = entry(sequence);
  DMP_CHECK(back.state == State::kOut);
  --out_;
  if (back.alone) lone_is_out_ = false;
}

std::size_t Inflight::finish(std::uint64_t sequence) {
  come_back(sequence);
  entry(sequence).state = State::kFinished;
  std::size_t freed = 0;
  while (count_ > 0 && entry(first_).state == State::kFinished) {
    entry(first_).ticket = {};  // its texts
    ++first_;
    --count_;
    ++freed;
  }
  return freed;
}

void Inflight::isolate(std::uint64_t sequence) {
  again(sequence);
  entry(sequence).alone = true;
}

void Inflight::again(std::uint64_t sequence) {
  come_back(sequence);
  entry(sequence).state = State::kWaiting;
  waiting_.insert(sequence);
}

void Inflight::lose_all() {
  for (std::uint64_t i = first_; i < first_ + count_; ++i) {
    if (entry(i).state != State::kOut) continue;
    entry(i).state = State::kWaiting;
    waiting_.insert(i);
  }
  out_ = 0;
  lone_is_out_ = false;
}

std::optional<SteadyTime> Inflight::owed_since() const {
  if (count_ == 0) return std::nullopt;
  return entry(first_).ticket.first_sent_at;
}

Ticket& Inflight::at(std::uint64_t sequence) { return entry(sequence).ticket; }

bool Inflight::is_alone(std::uint64_t sequence) const { return entry(sequence).alone; }

Inflight::Entry& Inflight::entry(std::uint64_t sequence) {
  DMP_CHECK(sequence >= first_ && sequence - first_ < count_);
  return ring_[sequence % ring_.size()];
}

const Inflight::Entry& Inflight::entry(std::uint64_t sequence) const {
  DMP_CHECK(sequence >= first_ && sequence - first_ < count_);
  return ring_[sequence % ring_.size()];
}

}  // namespace dmp::bridge
