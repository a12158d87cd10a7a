// Replies: what the bridge itself answers to commands, on its way to Kafka.
//
// Each carries the ticket of its command, and is sent until Kafka has reported it. At most kMax are
// on their way. For the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bridge/core/away.h"
#include "bridge/core/record.h"
#include "bridge/ports.h"

namespace dmp::bridge {

class Replies {
 public:
  static constexpr std::size_t kMax = 512;
  // The sink's tickets from here on are ours, but for the very last.
  static constexpr std::uint64_t kFirstTicket = std::uint64_t{1} << 63;

  // The sink must outlive it.
  Replies(std::string bridge, Sink& sink) : sink_(sink), builder_(std::move(bridge)) {}

  [[nodiscard]] bool has_room() const { return replies_.size() < kMax; }
  // Only while there is room. Each ticket once.
  void add(std::uint64_t ticket, Reply reply, SteadyTime now);

  // Sends what the sink takes now.
  void send_on();

  void reported(const Delivery& delivery);
  // The sink was rebuilt: everything is sent again.
  void lose_all();

  // When the oldest that Kafka has not reported was added.
  [[nodiscard]] std::optional<SteadyTime> owed_since() const;

  // Tickets of the commands that are answered, since the last call.
  std::vector<std::uint64_t> take_done();

 private:
  struct Owed {
    Reply reply;  // the sink borrows it
    SteadyTime since;
  };

  Sink& sink_;
  RecordBuilder builder_;
  std::map<std::uint64_t, Owed> replies_;
  std::set<std::uint64_t> waiting_;  // of those
  std::vector<std::uint64_t> done_;
};

}  // namespace dmp::bridge
