// Outbox: what must still reach the cloud, and what to send now.
//
// Per session one row for changes, compacted to the newest whole facets, and one for a snapshot;
// one row for the roster. A row is freed only by a confirmation of the stamp it carries now. At
// most kInFlightMax messages are sent and unconfirmed; a row is sent again after 10 s, doubling to
// 60 s. A sent row that is replaced counts until its confirmation or its time to be sent again.
// Bounded: 2 rows per live session and 1 per ended session, one roster. Owned by the agent's loop.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "schema/messages.h"

namespace dmp::local {

// A change or end of a session as the database keeps it.
struct OutboxRow {
  SessionId session;
  DeviceUpdate update;

  bool operator==(const OutboxRow&) const = default;
};

// A message to send now; its correlation is the stamp.
struct Outgoing {
  std::optional<SessionId> session;  // nothing: the roster
  Timestamp stamp;
  std::variant<DeviceUpdate, Roster> message;
  bool again = false;
};

class Outbox {
 public:
  static constexpr std::size_t kInFlightMax = 64;

  Outbox(const std::vector<OutboxRow>& stored, std::uint64_t seed);

  // The row to store in place of the session's old one.
  OutboxRow add(const SessionId& session, DeviceUpdate update);
  // Not stored: a lost snapshot or roster is made anew.
  void add_snapshot(const SessionId& session, DeviceUpdate snapshot);
  void add_roster(Roster roster);

  // Forgets snapshots and the roster: their stamps count no more.
  void forget_unstored();

  // A connection began: everything is due.
  void connected();
  // What to send now; each counts as sent.
  std::vector<Outgoing> take_due(SteadyTime now);
  [[nodiscard]] SteadyTime next_due() const;

  // The cloud has (or refused for good) what carries `stamp`. The session whose stored row is
  // thereby free, nothing if none is. Any confirmation shows that the way is open: what waits
  // longest for its own is due again.
  std::optional<SessionId> settled(Timestamp stamp, SteadyTime now);

  // Rows of changes, ends and snapshots, and the roster.
  [[nodiscard]] std::size_t depth() const { return rows_.size(); }
  // Messages sent and not confirmed, as of the last take_due().
  [[nodiscard]] std::size_t in_flight() const;

 private:
  // In order of sending.
  enum class Slot { kRoster, kChange, kSnapshot };
  struct Key {
    Slot slot;
    SessionId session;
    auto operator<=>(const Key&) const = default;
  };
  struct Row {
    Timestamp stamp;
    std::variant<DeviceUpdate, Roster> message;
    bool in_flight = false;
    bool was_sent = false;
    SteadyTime sent_at{};
    SteadyTime due_at{};  // the epoch: at once
    Backoff resend;
  };

  void put(Key key, Timestamp stamp, std::variant<DeviceUpdate, Roster> message);
  void supersede(const Key& key);

  std::map<Key, Row> rows_;
  // Stamps that are in flight though their row is gone, and until when they count: kInFlightMax at
  // most, with the rows.
  std::map<Timestamp, SteadyTime> superseded_;
  std::uint64_t seed_;
};

}  // namespace dmp::local
