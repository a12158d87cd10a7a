#include "bridge/core/inflight.h"

#include <utility>

#include "base/check.h"

namespace dmp::bridge {

std::uint64_t Inflight::add(Ticket ticket) {
  const std::uint64_t sequence = first_ + entries_.size();
  entries_.push_back({.ticket = std::move(ticket)});
  return sequence;
}

std::optional<std::uint64_t> Inflight::oldest_waiting() const {
  if (!waiting_.empty()) return *waiting_.begin();
  if (new_ < first_ + entries_.size()) return new_;
  return std::nullopt;
}

std::optional<std::uint64_t> Inflight::next() const {
  const auto oldest = oldest_waiting();
  if (!oldest || lone_is_out_) return std::nullopt;
  if (entry(*oldest).alone && out_ > 0) return std::nullopt;
  return oldest;
}

void Inflight::sent(std::uint64_t sequence) {
  Entry& sent = entry(sequence);
  DMP_CHECK(sent.state == State::kWaiting && !lone_is_out_);
  if (sequence == new_) {
    ++new_;
  } else {
    waiting_.erase(sequence);
  }
  sent.state = State::kOut;
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
  while (!entries_.empty() && entries_.front().state == State::kFinished) {
    entries_.pop_front();
    ++first_;
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
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state != State::kOut) continue;
    entries_[i].state = State::kWaiting;
    waiting_.insert(first_ + i);
  }
  out_ = 0;
  lone_is_out_ = false;
}

Ticket& Inflight::at(std::uint64_t sequence) { return entry(sequence).ticket; }

bool Inflight::is_alone(std::uint64_t sequence) const { return entry(sequence).alone; }

Inflight::Entry& Inflight::entry(std::uint64_t sequence) {
  DMP_CHECK(sequence >= first_ && sequence - first_ < entries_.size());
  return entries_[sequence - first_];
}

const Inflight::Entry& Inflight::entry(std::uint64_t sequence) const {
  DMP_CHECK(sequence >= first_ && sequence - first_ < entries_.size());
  return entries_[sequence - first_];
}

}  // namespace dmp::bridge
