// Echo: whether what the broker has for us arrives, asked by messages to ourselves. Pure; owned by
// the loop.
//
// A connection that stands and a subscription that is granted prove nothing: an access list may
// keep from us what it lets us subscribe to. Whatever arrives is a proof as well, so that nobody is
// called deaf who has much to read before his own message.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace dmp::bridge {

class Echo {
 public:
  static constexpr std::chrono::seconds kEvery{10};
  // So long without anything, though we had asked.
  static constexpr std::chrono::seconds kSilence{30};

  // From now on we should hear, and from then on not.
  void begin(SteadyTime now);
  void end();

  // The number of the message to send now, if one is due; it is asked for once.
  std::optional<std::uint64_t> take_due(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> next_due() const;

  // Ours came back: how long it took. Nothing: it is not the last one, or of an earlier time.
  std::optional<SteadyTime::duration> returned(std::uint64_t number, SteadyTime now);
  // Something came, or we are not reading.
  void heard(SteadyTime now) { heard_at_ = now; }

  [[nodiscard]] bool is_deaf(SteadyTime now) const {
    return is_begun_ && now - heard_at_ > kSilence;
  }

 private:
  bool is_begun_ = false;
  bool is_owed_ = false;  // the last one
  std::uint64_t number_ = 0;
  SteadyTime next_{};
  SteadyTime sent_at_{};
  SteadyTime heard_at_{};
};

}  // namespace dmp::bridge
