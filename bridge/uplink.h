// Uplink: moves messages from the window to Kafka and collects what their senders must be told.
//
// A message leaves the window, and is confirmed, only after Kafka has reported it stored: as itself
// or as a dead letter. Everything here is for the loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "bridge/core/confirmations.h"
#include "bridge/core/inflight.h"
#include "bridge/core/presences.h"
#include "bridge/core/record.h"
#include "bridge/core/route.h"
#include "bridge/instruments.h"
#include "bridge/ports.h"
#include "bridge/replies.h"

namespace dmp::bridge {

class Uplink {
 public:
  static constexpr std::chrono::seconds kHeartbeat{10};
  // So long without a report Kafka does not store.
  static constexpr std::chrono::seconds kSilence{30};

  // The references must outlive it.
  Uplink(std::string bridge, Routes routes, Window& window, Sink& sink, const Clock& clock,
         Instruments& instruments);

  // Takes Kafka's reports and sends on what can be sent.
  void turn();

  // When turn() has something to do even if nothing happens.
  [[nodiscard]] SteadyTime next_turn() const;

  [[nodiscard]] Confirmations& confirmations() { return confirmations_; }
  // Who is away by what has passed, and what is answered for those who are.
  [[nodiscard]] Presences& presences() { return presences_; }
  [[nodiscard]] Replies& replies() { return replies_; }
  // Messages taken from the window since the start, and freed.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::uint64_t freed() const { return freed_; }
  [[nodiscard]] std::optional<SteadyTime> last_stored() const { return last_stored_; }
  // Kafka has owed the report of a message, an answer of ours or the heartbeat for kSilence,
  // whatever else it stores: each of its topics has a connection of its own.
  [[nodiscard]] bool is_stuck() const;
  // Why Kafka stores nothing at present, as far as the producers know.
  [[nodiscard]] std::optional<Error> trouble() const { return sink_.broken(); }
  void observe();

 private:
  void collect_reports();
  void on_heartbeat(const Delivery& delivery, SteadyTime now);
  void on_stored(std::uint64_t sequence, SteadyTime now, std::int64_t wall_us);
  void on_rejected(std::uint64_t sequence, const Error& rejection);
  void revive();
  [[nodiscard]] bool is_late(std::optional<SteadyTime> owed_since) const;
  [[nodiscard]] bool are_messages_late() const;
  void beat();
  bool send_heartbeat(SteadyTime now);
  void send_on();
  void send_some();
  bool send_waiting(SteadyTime now);
  bool take_one();
  void listen(const Message& message);

  const std::string bridge_;
  const Routes routes_;
  Window& window_;
  Sink& sink_;
  const Clock& clock_;
  Instruments& instruments_;

  RecordBuilder builder_;
  Inflight inflight_;
  Confirmations confirmations_;
  Presences presences_;
  Replies replies_;
  Backoff rebuild_backoff_;
  SteadyTime next_rebuild_{};
  SteadyTime next_heartbeat_{};
  std::string heartbeat_;  // on its way; empty if none is
  SteadyTime heartbeat_sent_at_{};
  std::optional<SteadyTime> heartbeat_owed_since_;  // however often it was sent since
  std::uint64_t raes_forgotten_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t stored_ = 0;  // not yet counted
  std::size_t finished_ = 0;  // not yet freed
  std::uint64_t freed_ = 0;
  std::optional<SteadyTime> last_stored_;
  bool started_ = false;
  bool has_more_ = false;  // the last turn stopped at its limit, not at the end of work
};

}  // namespace dmp::bridge
