// Inflight: which messages of the window are on their way to Kafka, and in what order what is left
// must go. Pure; owned by the loop.
//
// The n-th message taken from the window has sequence n, from 0. A message waits, is sent, is
// finished; the window frees only what is finished together with everything before it.
//
// After the sink has lost what it had, all of that waits again and goes first, in order. A message
// that was refused in company is sent again alone: only then the refusal is its own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bridge/core/route.h"

namespace dmp::bridge {

struct Ticket {
  std::int64_t received_at = 0;  // as Message::received_at
  const Route* route = nullptr;
  std::optional<Asker> asker;
  std::optional<Error> refusal;  // set: it travels as a dead letter
  SteadyTime sent_at{};          // of the last time it was sent; by Inflight, as the next
  std::optional<SteadyTime> first_sent_at{};
};

class Inflight {
 public:
  // Adds the next message of the window; it waits to be sent. Its sequence.
  std::uint64_t add(Ticket ticket);

  // The message to send now; nothing if none waits or what is on its way must arrive first.
  [[nodiscard]] std::optional<std::uint64_t> next() const;

  // Whether new messages may be taken: nothing older waits and no message travels alone.
  [[nodiscard]] bool may_take() const { return !oldest_waiting() && !lone_is_out_; }

  void sent(std::uint64_t sequence, SteadyTime now);

  // Stored, or given up. How many of the oldest messages the window can free.
  std::size_t finish(std::uint64_t sequence);

  // Waits again, to be sent with nothing else on its way.
  void isolate(std::uint64_t sequence);

  // Waits again, as something else: the ticket was changed.
  void again(std::uint64_t sequence);

  // The sink has forgotten everything that was on its way.
  void lose_all();

  [[nodiscard]] Ticket& at(std::uint64_t sequence);
  [[nodiscard]] bool is_alone(std::uint64_t sequence) const;
  // When the oldest unfinished message was first sent, however often it came back since.
  [[nodiscard]] std::optional<SteadyTime> owed_since() const;
  // Sent and not yet reported.
  [[nodiscard]] std::size_t on_their_way() const { return out_; }
  [[nodiscard]] std::size_t unfinished() const {
    return waiting_.size() + (first_ + count_ - new_) + out_;
  }

 private:
  enum class State : std::uint8_t { kWaiting, kOut, kFinished };

  struct Entry {
    Ticket ticket;
    State state = State::kWaiting;
    bool alone = false;
  };

  static constexpr std::size_t kLeast = 256;  // room; it grows by doubling

  void grow();
  [[nodiscard]] Entry& entry(std::uint64_t sequence);
  [[nodiscard]] const Entry& entry(std::uint64_t sequence) const;
  void come_back(std::uint64_t sequence);

  [[nodiscard]] std::optional<std::uint64_t> oldest_waiting() const;

  std::vector<Entry> ring_;  // of sequence n: ring_[n % size]; as long as the window ever was
  std::uint64_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t new_ = 0;            // none from here on was sent yet
  std::set<std::uint64_t> waiting_;  // of those before it
  std::size_t out_ = 0;
  bool lone_is_out_ = false;
};

}  // namespace dmp::bridge
