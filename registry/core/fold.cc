#include "registry/core/fold.h"

#include <algorithm>
#include <tuple>

namespace dmp::registry {
namespace {

template <class Fields>
void raise(std::optional<Facet<Fields>>& held, const std::optional<Facet<Fields>>& incoming) {
  if (incoming && (!held || incoming->timestamp > held->timestamp)) held = incoming;
}

void raise(Facets& held, const Facets& incoming) {
#define DMP_RAISE(Type, name, table) raise(held.name, incoming.name);
  DMP_FACETS(DMP_RAISE)
#undef DMP_RAISE
}

}  // namespace

void Fold::add(const News& news) {
  std::visit([this](const auto& one) { merge(one); }, news);
}

void Fold::merge(const UpdateNews& news) {
  const auto [place, is_new] =
      sessions_.try_emplace({news.rae, news.session}, rows_.updates.sessions.size());
  if (is_new) rows_.updates.sessions.push_back({news.rae, news.session, {}, {}, {}, {}});
  SessionRow& row = rows_.updates.sessions[place->second];
  const DeviceUpdate& update = news.update;
  raise(row.facets, update.facets);
  row.seen_at = std::max(row.seen_at, update.timestamp);
  if (update.kind == UpdateKind::kEnded && update.timestamp > row.ended_at) {
    row.ended_at = update.timestamp;
    row.end_reason = update.reason;
  }
  if (update.kind == UpdateKind::kSnapshot || news.rae.is_canary()) return;
  rows_.updates.events.push_back({news.rae, news.session, update.timestamp, update.kind,
                                  update.reason, news.facets, news.received_at});
}

RaeRow& Fold::rae_row(const RaeSerial& rae) {
  const auto [place, is_new] = raes_.try_emplace(rae, rows_.agents.raes.size());
  if (is_new) rows_.agents.raes.push_back({rae, {}, {}, {}, {}});
  return rows_.agents.raes[place->second];
}

void Fold::merge(const PresenceNews& news) {
  RaeRow& row = rae_row(news.rae);
  if (std::tie(news.presence.timestamp, news.received_at) <=
      std::tie(row.presence.timestamp, row.last_heard_at)) {
    return;
  }
  row.presence = news.presence;
  row.last_heard_at = news.received_at;
  row.bridge = news.bridge;
}

void Fold::merge(const RosterNews& news) {
  RaeRow& row = rae_row(news.rae);
  row.roster_at = std::max(row.roster_at, news.roster.timestamp);
  for (const SessionId& session : news.roster.sessions) {
    const auto [place, is_new] = seen_.try_emplace({news.rae, session}, rows_.agents.seen.size());
    if (is_new) rows_.agents.seen.push_back({news.rae, session, {}});
    Timestamp& seen_at = rows_.agents.seen[place->second].seen_at;
    seen_at = std::max(seen_at, news.roster.timestamp);
  }
}

void Fold::merge(const HeartbeatNews& news) {
  const auto [place, is_new] =
      bridges_.try_emplace(news.heartbeat.bridge, rows_.agents.bridges.size());
  if (is_new) rows_.agents.bridges.push_back({news.heartbeat.bridge, {}});
  WallTime& sent_at = rows_.agents.bridges[place->second].sent_at;
  sent_at = std::max(sent_at, news.heartbeat.sent_at);
}

Rows Fold::take() {
  sessions_.clear();
  seen_.clear();
  raes_.clear();
  bridges_.clear();
  return std::exchange(rows_, {});
}

}  // namespace dmp::registry
