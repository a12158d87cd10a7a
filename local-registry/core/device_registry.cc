// Sightings of the LAN. Probes, identity and merging are in device_identity.cc.
#include "local-registry/core/device_registry.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::local {
namespace {

constexpr std::size_t kMacsMax = 4096;

}  // namespace

DeviceRegistry::DeviceRegistry(const std::vector<Profile>& profiles, Identifiers& identifiers,
                               RegistryLimits limits)
    : profiles_(profiles), identifiers_(identifiers), limits_(limits) {}

void DeviceRegistry::restore(const std::vector<SessionRecord>& records, Now now) {
  for (const SessionRecord& record : records) {
    Session& session = sessions_.emplace_back(record, limits_.probe, now);
    for (const Link& link : session.links.all()) {
      if (!link.mac.empty() && !link.address().empty()) effects_.watch.push_back(link.address());
    }
  }
}

void DeviceRegistry::probe_addresses(const std::vector<std::string>& addresses, Now now) {
  for (const std::string& address : addresses) {
    const bool known = std::any_of(sessions_.begin(), sessions_.end(), [&](const Session& session) {
      return session.target() == address;
    });
    if (!known) begin_session(address, now);
  }
}

void DeviceRegistry::apply(const Sighting& sighting, Now now) {
  std::visit([&](const auto& seen) { on(seen, now); }, sighting);
}

void DeviceRegistry::on(const NeighbourSeen& seen, Now now) {
  using State = NeighbourSeen::State;
  if (seen.state == State::kFailed || seen.state == State::kDeleted) {
    Session* session = find_by_address(seen.address);
    if (session == nullptr) return;
    Link& link = *session->links.by_address(seen.address);
    if (link.address() != seen.address) return;  // another of its addresses is the watched one
    if (seen.state == State::kDeleted) {
      effects_.watch.push_back(seen.address);
      return;
    }
    link.presence.miss(now.steady);
    // The kernel looks again in its own time; a first miss deserves a second look now.
    if (link.presence.state() == LinkPresence::State::kUp) effects_.watch.push_back(seen.address);
    return show(*session, "neighbour", now);
  }
  Session* session = session_of_mac(seen.mac, now);
  if (session == nullptr) return;
  Link& link = *session->links.by_mac(seen.mac);
  // An entry that only exists may be a left-over of an address the device gave back.
  if (seen.state == State::kReachable || link.address().empty()) {
    move_address(*session, link, seen.address, now);
  }
  // Watching anew makes the kernel ask at once: its own round of STALE entries takes 5 s.
  const bool is_doubtful = !seen.watched || seen.state == State::kMentioned;
  const bool is_down = link.presence.state() == LinkPresence::State::kDown;
  if (is_doubtful && !is_down && link.address() == seen.address) {
    effects_.watch.push_back(seen.address);
  }
  if (seen.state == State::kReachable) return hit(*session, link, "neighbour", now);
  show(*session, "neighbour", now);
}

void DeviceRegistry::on(const LeaseSeen& seen, Now now) {
  Session* session = session_of_mac(seen.mac, now);
  if (session == nullptr) return;
  Link& link = *session->links.by_mac(seen.mac);
  if (!seen.hostname.empty()) session->call(seen.hostname);
  if (seen.fresh || link.ipv4.empty()) move_address(*session, link, seen.address, now);
  if (seen.fresh) return hit(*session, link, "lease", now);
  show(*session, "lease", now);
}

void DeviceRegistry::on(const PortLearnt& seen, Now now) {
  if (ports_by_mac_.size() >= kMacsMax) ports_by_mac_.clear();
  ports_by_mac_[seen.mac] = seen.port;
  for (Session& session : sessions_) {
    Link* link = session.links.by_mac(seen.mac);
    if (link == nullptr || link->port == seen.port) continue;
    link->port = seen.port;
    show(session, "bridge", now);
  }
}

void DeviceRegistry::on(const PortCarrier& seen, Now now) {
  std::erase(ports_down_, seen.port);
  if (!seen.up) ports_down_.push_back(seen.port);
  for (Session& session : sessions_) {
    bool touched = false;
    for (Link& link : session.links.all()) {
      if (link.port != seen.port) continue;
      touched = true;
      if (!seen.up) {
        link.presence.cable_out();
      } else if (!link.address().empty()) {
        effects_.watch.push_back(link.address());
      }
    }
    if (!touched) continue;
    if (seen.up) session.plan.hurry(now.steady);
    show(session, "link", now);
  }
}

void DeviceRegistry::on(const LanUp&, Now) {
  for (const Session& session : sessions_) {
    for (const Link& link : session.links.all()) {
      if (!link.mac.empty() && !link.address().empty()) effects_.watch.push_back(link.address());
    }
  }
}

void DeviceRegistry::on(const AdvertHeard& heard, Now now) {
  Session* session = find_by_address(heard.address);
  if (session == nullptr) return;  // its neighbour entry follows, and it will announce again
  const bool is_news = session->hear(heard.advert, heard.leaving);
  if (is_news || session->presence() != PresenceStatus::kOnline) session->plan.hurry(now.steady);
}

void DeviceRegistry::tick(Now now) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    Session& session = *at++;  // ending it removes it from the list
    if (now.steady >= session.verify_by()) session.stop_waiting(now);
    if (now.steady >= session.absence_due()) {
      to_keep_.push_back(session.id());
      if (session.count_absence(now) >= limits_.absent_hours_max) {
        end_session(session, "expired");
        continue;
      }
    }
    if (session.plan.due(now.steady)) order_probe(session, now);
  }
}

SteadyTime DeviceRegistry::next_tick() const {
  SteadyTime next = SteadyTime::max();
  for (const Session& session : sessions_) {
    next = std::min({next, session.verify_by(), session.absence_due(), session.plan.next_at()});
  }
  return next;
}

RegistryEffects DeviceRegistry::take_effects() { return std::exchange(effects_, {}); }

std::vector<SessionChange> DeviceRegistry::take_changes(HybridClock& clock, Now now) {
  std::vector<SessionChange> changes;
  for (Session& session : sessions_) {
    const bool keep = std::find(to_keep_.begin(), to_keep_.end(), session.id()) != to_keep_.end();
    if (!session.is_changed() && !keep) continue;
    SessionChange& change = changes.emplace_back();
    change.has_message = session.is_changed();
    if (change.has_message) {
      change.message = session.stamp_changes(clock.next(now.wall_us));
    }
    change.record = session.record();
  }
  to_keep_.clear();
  for (Ended& ended : ended_) {
    const Timestamp stamp = clock.next(now.wall_us);
    DeviceUpdate message{UpdateKind::kEnded, stamp, {}, std::move(ended.reason)};
    changes.push_back({std::move(ended.record), true, std::move(message)});
  }
  ended_.clear();
  return changes;
}

void DeviceRegistry::say_everything_again(Now now) {
  for (Session& session : sessions_) session.say_again(now);
}

Timestamp DeviceRegistry::greatest_stamp(Timestamp limit) const {
  Timestamp greatest;
  for (const Session& session : sessions_) {
    each_facet(session.facets(), [&](FacetNames, const auto& facet) {
      if (facet && facet->timestamp <= limit) greatest = std::max(greatest, facet->timestamp);
    });
  }
  return greatest;
}

std::vector<SessionId> DeviceRegistry::live_sessions() const {
  std::vector<SessionId> ids;
  ids.reserve(sessions_.size());
  for (const Session& session : sessions_) ids.push_back(session.id());
  return ids;
}

const Facets* DeviceRegistry::facets(const SessionId& id) const {
  for (const Session& session : sessions_) {
    if (session.id() == id) return &session.facets();
  }
  return nullptr;
}

std::size_t DeviceRegistry::sessions_online() const {
  const auto online = std::count_if(sessions_.begin(), sessions_.end(), [](const Session& session) {
    const PresenceStatus status = session.presence();
    return status == PresenceStatus::kOnline || status == PresenceStatus::kStandby;
  });
  return static_cast<std::size_t>(online);
}

Session* DeviceRegistry::find(const SessionId& id) {
  for (Session& session : sessions_) {
    if (session.id() == id) return &session;
  }
  return nullptr;
}

Session* DeviceRegistry::find_by_address(const std::string& address) {
  for (Session& session : sessions_) {
    if (session.links.by_address(address) != nullptr) return &session;
  }
  return nullptr;
}

Session* DeviceRegistry::session_of_mac(const std::string& mac, Now now) {
  if (mac.empty()) return nullptr;
  for (Session& session : sessions_) {
    if (session.links.by_mac(mac) != nullptr) return &session;
  }
  Session* session = begin_session("", now);
  if (session == nullptr) return nullptr;
  const auto port = ports_by_mac_.find(mac);
  session->links.add(mac).port = port == ports_by_mac_.end() ? 0 : port->second;
  return session;
}

Session* DeviceRegistry::begin_session(const std::string& target, Now now) {
  if (sessions_.size() >= limits_.sessions_max) {
    ++counts_.sessions_refused;
    return nullptr;
  }
  effects_.roster_changed = true;
  return &sessions_.emplace_back(identifiers_.new_session(), target, limits_.probe, now);
}

void DeviceRegistry::end_session(Session& session, const std::string& reason) {
  for (const Link& link : session.links.all()) {
    if (!link.address().empty()) effects_.unwatch.push_back(link.address());
  }
  ended_.push_back({session.record(), reason});
  effects_.roster_changed = true;
  const SessionId id = session.id();
  sessions_.remove_if([&](const Session& old) { return old.id() == id; });
}

void DeviceRegistry::move_address(Session& session, Link& link, const std::string& address,
                                  Now now) {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  std::string& place = is_ipv6 ? link.ipv6 : link.ipv4;
  if (place == address) return;
  // A device's link-local address is always there: it must not push out a global one.
  if (is_ipv6 && !place.empty() && address.starts_with("fe80:")) return;
  for (Session& other : sessions_) {
    for (Link& loser : other.links.all()) {
      if (&loser == &link || loser.mac.empty()) continue;
      if (loser.ipv4 != address && loser.ipv6 != address) continue;
      (is_ipv6 ? loser.ipv6 : loser.ipv4).clear();
      if (!loser.address().empty()) continue;
      loser.presence.doubt();
      other.wait_for_proof(now);
      show(other, "neighbour", now);
    }
  }
  const std::string watched = link.address();
  place = address;
  if (link.address() == watched) return;
  if (!watched.empty()) effects_.unwatch.push_back(watched);
  effects_.watch.push_back(link.address());
  session.plan.hurry(now.steady);
}

bool DeviceRegistry::is_cable_out(const Link& link) const {
  return std::find(ports_down_.begin(), ports_down_.end(), link.port) != ports_down_.end();
}

void DeviceRegistry::hit(Session& session, Link& link, const std::string& source, Now now) {
  // What is still in the queues from before the cable was pulled proves nothing.
  if (!is_cable_out(link)) {
    if (link.presence.state() != LinkPresence::State::kUp) session.plan.hurry(now.steady);
    link.presence.hit();
  }
  show(session, source, now);
}

void DeviceRegistry::show(Session& session, const std::string& source, Now now) {
  session.show_network(source, now);
  session.show_identity(source, now);
  session.show_presence(source, now);
  if (session.identity().device_id.is_nil()) name_device(session, false, now);
}

}  // namespace dmp::local
