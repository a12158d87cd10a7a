// Ledger: one client's updates, from sending to "Kafka has it".
//
// Knows what is lost, said twice or out of order. At most kOpenMax updates are open, as with a real
// agent; whoever wants to send more waits. Stamps rise. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "canary/core/histogram.h"
#include "schema/ids.h"

namespace dmp::canary {

class Ledger {
 public:
  static constexpr std::size_t kOpenMax = 64;
  static constexpr int kUnacknowledgedMax = 16;  // Mosquitto's Receive Maximum is 20

  enum class Word { kFirst, kLate, kAgain, kUnknown };  // of a confirmation; kLate: out of order
  struct Confirmation {
    Word word = Word::kUnknown;
    Micros due{0};  // of the update, for kFirst and kLate
  };

  [[nodiscard]] bool has_room() const;

  // An update went out that was due then. REQUIRES: has_room(), a stamp above all before.
  void sent(Timestamp stamp, int message_id, Micros due);

  // PUBACK. When the update was due; nothing if it is none of ours. `taken`: the broker has a
  // subscriber for it; if not, it is lost at once.
  std::optional<Micros> acknowledged(int message_id, bool taken);

  Confirmation confirmed(Timestamp stamp);

  // It will not be confirmed: in dead letters. False if it was not open.
  bool refused(Timestamp stamp);

  // Sent and never confirmed.
  [[nodiscard]] std::int64_t unconfirmed() const { return static_cast<std::int64_t>(open_.size()); }
  [[nodiscard]] std::int64_t unacknowledged() const { return unacknowledged_; }
  [[nodiscard]] Timestamp last_confirmed() const { return last_confirmed_; }

 private:
  struct Update {
    Timestamp stamp;
    int message_id = 0;
    Micros due{0};
    bool acknowledged = false;
  };
  std::vector<Update>::iterator find(Timestamp stamp);

  std::vector<Update> open_;
  int unacknowledged_ = 0;
  Timestamp last_sent_;
  Timestamp last_confirmed_;
};

}  // namespace dmp::canary
