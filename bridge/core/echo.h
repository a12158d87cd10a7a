// Echo: whether what the broker has for us arrives, asked by messages to ourselves. Pure; owned by
// the loop.
//
// A connection that stands and a subscription that is granted prove nothing: an access list may
// keep from us what it lets us subscribe to. Whatever arrives is a proof as well, so that nobody is
// called deaf who has much to read before his own message.
//
// Mosquitto 2.0.11 may end the connection of who publishes what its access list refuses. So after a
// connection that ended with one on its way the next waits twice as long, up to kEvery << kLostMax.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace dmp::bridge {

class Echo {
 public:
  static constexpr std::chrono::seconds kEvery{10};
  // So long without anything, though we have asked, or may not ask.
  static constexpr std::chrono::seconds kSilence{30};
  static constexpr int kLostMax = 6;

  // From now on we should hear, and from then on not.
  void begin(SteadyTime now);
  void end();

  // The number of the message to send now, if one is due; it is asked for once.
  std::optional<std::uint64_t> take_due(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> next_due() const;

  // One came back, which is hearing as well. How long it took, if it is the last one.
  std::optional<SteadyTime::duration> returned(std::uint64_t number, SteadyTime now);
  // Something came, or we are not reading.
  void heard(SteadyTime now) { heard_at_ = now; }

  [[nodiscard]] bool is_deaf(SteadyTime now) const;

 private:
  [[nodiscard]] SteadyTime::duration every() const { return kEvery * (1 << lost_); }

  bool is_begun_ = false;
  bool is_owed_ = false;     // the last one
  int lost_ = 0;             // connections in a row that ended with one on its way
  std::uint64_t first_ = 0;  // since begin()
  std::uint64_t number_ = 0;
  SteadyTime next_{};
  SteadyTime sent_at_{};
  SteadyTime heard_at_{};
};

}  // namespace dmp::bridge
