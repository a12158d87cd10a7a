#include "local-registry/core/outbox.h"

#include <algorithm>

namespace dmp::local {
namespace {

constexpr BackoffLimits kResend{std::chrono::seconds(10), std::chrono::seconds(60), 20};

// `newer` over what `older` still has to say.
DeviceUpdate compact(DeviceUpdate older, DeviceUpdate newer) {
  if (older.kind == UpdateKind::kEnded) return older;  // an end is final
#define DMP_KEEP_OLDER(Type, name, table) \
  if (!newer.facets.name) newer.facets.name = std::move(older.facets.name);
  DMP_FACETS(DMP_KEEP_OLDER)
#undef DMP_KEEP_OLDER
  // A snapshot is no history; what it replaces may still have to become some.
  if (newer.kind == UpdateKind::kSnapshot) newer.kind = older.kind;
  return newer;
}

}  // namespace

Outbox::Outbox(const std::vector<OutboxRow>& stored, std::uint64_t seed) : seed_(seed) {
  for (const OutboxRow& row : stored) {
    put({Slot::kChange, row.session}, row.update.timestamp, row.update);
  }
}

void Outbox::put(Key key, Timestamp stamp, std::variant<DeviceUpdate, Roster> message) {
  supersede(key);
  rows_.insert_or_assign(
      key, Row{.stamp = stamp,
               .message = std::move(message),
               .resend = Backoff(kResend, seed_ ^ static_cast<std::uint64_t>(stamp.us))});
}

void Outbox::supersede(const Key& key) {
  const auto old = rows_.find(key);
  if (old == rows_.end()) return;
  if (old->second.in_flight) superseded_[old->second.stamp] = old->second.due_at;
  rows_.erase(old);
}

OutboxRow Outbox::add(const SessionId& session, DeviceUpdate update) {
  const Key key{Slot::kChange, session};
  if (const auto old = rows_.find(key); old != rows_.end()) {
    update = compact(std::get<DeviceUpdate>(std::move(old->second.message)), std::move(update));
  }
  if (update.kind == UpdateKind::kEnded) supersede({Slot::kSnapshot, session});
  OutboxRow row{session, update};
  put(key, row.update.timestamp, std::move(update));
  return row;
}

void Outbox::add_snapshot(const SessionId& session, DeviceUpdate snapshot) {
  const Timestamp stamp = snapshot.timestamp;
  put({Slot::kSnapshot, session}, stamp, std::move(snapshot));
}

void Outbox::add_roster(Roster roster) {
  const Timestamp stamp = roster.timestamp;
  put({Slot::kRoster, {}}, stamp, std::move(roster));
}

void Outbox::forget_unstored() {
  std::erase_if(rows_, [](const auto& entry) { return entry.first.slot != Slot::kChange; });
}

void Outbox::connected() {
  superseded_.clear();
  for (auto& [key, row] : rows_) {
    row.in_flight = false;
    row.due_at = {};
    row.resend.reset();
  }
}

std::vector<Outgoing> Outbox::take_due(SteadyTime now) {
  std::erase_if(superseded_, [now](const auto& entry) { return entry.second <= now; });
  std::vector<Outgoing> due;
  std::size_t flying = in_flight();
  for (auto& [key, row] : rows_) {
    if (row.due_at > now || (!row.in_flight && flying >= kInFlightMax)) continue;
    if (!row.in_flight) ++flying;
    Outgoing& outgoing = due.emplace_back();
    if (key.slot != Slot::kRoster) outgoing.session = key.session;
    outgoing.stamp = row.stamp;
    outgoing.message = row.message;
    outgoing.again = row.was_sent;
    row.in_flight = true;
    row.was_sent = true;
    row.sent_at = now;
    row.due_at = now + row.resend.next();
  }
  return due;
}

SteadyTime Outbox::next_due() const {
  const bool room = in_flight() < kInFlightMax;
  SteadyTime next = SteadyTime::max();
  for (const auto& [key, row] : rows_) {
    if (row.in_flight || room) next = std::min(next, row.due_at);
  }
  if (room) return next;
  for (const auto& [stamp, until] : superseded_) next = std::min(next, until);
  return next;
}

std::optional<SessionId> Outbox::settled(Timestamp stamp, SteadyTime now) {
  for (auto& [key, row] : rows_) {
    if (row.in_flight && now - row.sent_at >= kResend.first) row.due_at = {};
    row.resend.reset();
  }
  superseded_.erase(stamp);
  const auto found = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const auto& entry) { return entry.second.stamp == stamp; });
  if (found == rows_.end()) return std::nullopt;
  const Key key = found->first;
  rows_.erase(found);
  if (key.slot != Slot::kChange) return std::nullopt;
  return key.session;
}

std::size_t Outbox::in_flight() const {
  const auto rows = std::count_if(rows_.begin(), rows_.end(),
                                  [](const auto& entry) { return entry.second.in_flight; });
  return superseded_.size() + static_cast<std::size_t>(rows);
}

}  // namespace dmp::local
