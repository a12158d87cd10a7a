#include "local-registry/core/session.h"

#include <algorithm>

#include "local-registry/core/claims.h"

namespace dmp::local {
namespace {

constexpr std::chrono::seconds kVerifyWithin{15};
constexpr int kHealthMisses = 3;
constexpr std::chrono::hours kHour{1};

std::uint64_t seed_of(const SessionId& id) { return std::hash<SessionId>()(id); }

// Text fields `facet.NAME` of what was seen, into the facet's fields.
template <class Fields>
void apply(const Observation& seen, std::string_view facet, Fields& fields) {
  Fields::each(fields, [&](FieldNames names, auto& field) {
    if constexpr (std::is_same_v<decltype(field), std::string&>) {
      const std::string value = seen.get(std::string(facet) + "." + std::string(names.json));
      if (!value.empty()) field = value;
    }
  });
}

}  // namespace

Session::Session(SessionId id, const std::string& target, const ProbeLimits& limits, Now now)
    : plan(limits, seed_of(id)), id_(id), target_(target) {
  add_target();
  sheet_.edit(&Facets::usage, "agent", now,
              [](Usage& usage) { usage.state = UsageState::kAvailable; });
  sheet_.edit(&Facets::health, "agent", now, [](Health&) {});
  set_presence(PresenceStatus::kUnknown, "not_verified", "agent", now);
  show_onboarding(OnboardingState::kDiscovered, "", "", {}, now);
}

Session::Session(const SessionRecord& record, const ProbeLimits& limits, Now now)
    : plan(limits, seed_of(record.id)),
      id_(record.id),
      target_(record.target),
      sheet_(record.facets),
      profiles_(record.profiles),
      absent_hours_(record.absent_hours) {
  const Network& network = sheet_.fields(&Facets::network);
  hostname_ = network.hostname;
  add_target();
  if (target_.empty()) restore_links(network);
  if (presence() == PresenceStatus::kOffline) absent_since_ = now.steady;
  wait_for_proof(now);
}

void Session::add_target() {
  if (target_.empty()) return;
  Link link;
  (target_.find(':') == std::string::npos ? link.ipv4 : link.ipv6) = target_;
  links.add(std::move(link));
}

void Session::restore_links(const Network& network) {
  for (const Interface& interface : network.interfaces) {
    if (interface.mac.empty() || interface.mac == network.mac) continue;
    Link& link = links.add(interface.mac);
    if (!interface.ipv4.empty()) link.ipv4 = interface.ipv4.front();
    if (!interface.ipv6.empty()) link.ipv6 = interface.ipv6.front();
  }
  if (network.mac.empty()) return;
  Link& primary = links.add(network.mac);  // last: the newest
  primary.ipv4 = network.ipv4;
  primary.ipv6 = network.ipv6;
  primary.port = network.port;
}

PresenceStatus Session::presence() const { return sheet_.fields(&Facets::presence).status.value; }

bool Session::is_active() const {
  return sheet_.fields(&Facets::onboarding).state.value == OnboardingState::kActive;
}

SessionRecord Session::record() const {
  return {id_, target_, profiles_, absent_hours_, sheet_.facets()};
}

Clues Session::clues() const {
  const Link* primary = links.primary();
  return {primary == nullptr ? std::string() : primary->address(), hostname_, adverts_};
}

bool Session::was_answered_by(const std::string& profile) const {
  return std::find(profiles_.begin(), profiles_.end(), profile) != profiles_.end();
}

bool Session::hear(const Advert& advert, bool leaving) {
  const auto known = std::find_if(adverts_.begin(), adverts_.end(),
                                  [&](const Advert& old) { return old.service == advert.service; });
  if (leaving) {
    if (known == adverts_.end() || known->usn != advert.usn) return false;
    adverts_.erase(known);
    return true;
  }
  if (known == adverts_.end()) {
    if (adverts_.size() >= kAdvertsMax) return false;
    adverts_.push_back(advert);
    return true;
  }
  if (*known == advert) return false;
  *known = advert;
  return true;
}

void Session::learn(const std::string& profile, int rank, const Observation& seen, Now now) {
  if (!was_answered_by(profile)) profiles_.push_back(profile);
  Learnt& learnt = learnt_[rank];
  learnt.profile = profile;
  learnt.seen.standby = seen.standby;
  for (const auto& [field, value] : seen.fields) learnt.seen.fields[field] = value;
  sheet_.edit(&Facets::identity, profile, now, [&](Identity& identity) {
    identity.claims = merge_claims(std::move(identity.claims), claims_of(seen, profile));
  });
  if (const std::string state = seen.get("usage.state"); !state.empty()) {
    sheet_.edit(&Facets::usage, profile, now, [&](Usage& usage) {
      usage = Usage{Known<UsageState>::parse(state), seen.get("usage.holder")};
    });
  }
  show_identity(profile, now);
}

void Session::show_identity(const std::string& source, Now now) {
  sheet_.edit(&Facets::identity, source, now, [&](Identity& identity) {
    // The least trusted first, so that the most trusted has the last word.
    for (auto i = learnt_.rbegin(); i != learnt_.rend(); ++i) {
      apply(i->second.seen, "identity", identity);
    }
    std::vector<Claim> seen;
    for (const Link& link : links.all()) {
      if (link.mac.empty()) continue;
      seen.push_back({"mac", link.mac, "lan", is_local_mac(link.mac) ? "low" : "medium"});
    }
    identity.claims = merge_claims(std::move(identity.claims), seen);
  });
  if (learnt_.empty()) return;
  sheet_.edit(&Facets::software, source, now, [&](Software& software) {
    for (auto i = learnt_.rbegin(); i != learnt_.rend(); ++i) {
      apply(i->second.seen, "software", software);
    }
  });
}

std::string Session::reported(const std::string& field) const {
  for (const auto& [rank, learnt] : learnt_) {
    std::string value = learnt.seen.get(field);
    if (!value.empty()) return value;
  }
  return {};
}

std::vector<Interface> Session::interfaces() const {
  std::vector<Interface> list;
  for (const Link& link : links.all()) {
    if (link.mac.empty()) continue;
    Interface& interface = list.emplace_back();
    interface.mac = link.mac;
    if (link.mac == reported("claim.ethernet_mac")) interface.name = "ethernet";
    if (link.mac == reported("claim.wifi_mac")) interface.name = "wifi";
    const bool is_lost = link.presence.state() == LinkPresence::State::kDown;
    if (is_lost && &link != links.primary()) continue;
    if (!link.ipv4.empty()) interface.ipv4.push_back(link.ipv4);
    if (!link.ipv6.empty()) interface.ipv6.push_back(link.ipv6);
  }
  return list;
}

void Session::show_network(const std::string& source, Now now) {
  const Link* primary = links.primary();
  if (primary == nullptr) return;
  sheet_.edit(&Facets::network, source, now, [&](Network& network) {
    if (!hostname_.empty()) network.hostname = hostname_;
    network.ipv4 = primary->ipv4;
    network.ipv6 = primary->ipv6;
    if (primary->port != 0) network.port = primary->port;
    if (!primary->mac.empty()) {
      network.mac = primary->mac;
      network.interfaces = interfaces();
      return;
    }
    // Beyond the LAN only the device itself can tell its MAC.
    for (const char* field : {"claim.wifi_mac", "claim.ethernet_mac"}) {
      if (const std::string mac = reported(field); !mac.empty()) network.mac = mac;
    }
  });
}

void Session::set_presence(PresenceStatus status, std::string_view reason,
                           const std::string& source, Now now) {
  sheet_.edit(&Facets::presence, source, now, [&](Presence& presence) {
    const bool is_news = presence.status.value != status || presence.changed_at.us == 0;
    if (is_news) presence.changed_at = now.wall();
    presence.status = status;
    presence.reason = reason;
  });
  verify_by_ = SteadyTime::max();
  if (status != PresenceStatus::kOffline) {
    absent_hours_ = 0;
    absent_since_ = SteadyTime::max();
  } else if (absent_since_ == SteadyTime::max()) {
    absent_since_ = now.steady;
  }
}

void Session::show_presence(const std::string& source, Now now) {
  switch (links.state()) {
    case LinkPresence::State::kUp: {
      const bool standby = std::any_of(learnt_.begin(), learnt_.end(), [](const auto& learnt) {
        return learnt.second.seen.standby;
      });
      return set_presence(standby ? PresenceStatus::kStandby : PresenceStatus::kOnline, "", source,
                          now);
    }
    case LinkPresence::State::kDown:
      return set_presence(PresenceStatus::kOffline, links.primary()->presence.reason(), source,
                          now);
    case LinkPresence::State::kUnproven:
      return;  // until verify_by the last known presence stands
  }
}

void Session::wait_for_proof(Now now) { verify_by_ = now.steady + kVerifyWithin; }

void Session::stop_waiting(Now now) {
  const Link* primary = links.primary();
  // Without an address nothing can answer; with one, nobody asked or the kernel would have said.
  if (primary == nullptr || primary->address().empty()) {
    set_presence(PresenceStatus::kOffline, "no_answer", "agent", now);
  } else {
    set_presence(PresenceStatus::kUnknown, "not_verified", "agent", now);
  }
}

void Session::show_health(Now now) {
  if (!is_active()) return;
  sheet_.edit(&Facets::health, "probe", now, [&](Health& health) {
    if (plan.failures() == 0) {
      health = Health{HealthStatus::kGood, {}};
    } else if (plan.failures() >= kHealthMisses && health.status.value == HealthStatus::kGood) {
      health = Health{HealthStatus::kUnknown,
                      {{"probe_failed", "its service stopped answering probes", now.wall()}}};
    }
  });
}

void Session::show_onboarding(OnboardingState state, const std::string& step,
                              const std::string& error, WallTime next_try_at, Now now) {
  sheet_.edit(&Facets::onboarding, "agent", now, [&](Onboarding& onboarding) {
    onboarding = Onboarding{state, step, error, next_try_at};
  });
}

void Session::name_device(const DeviceId& id, bool final, Now now) {
  const std::string source = facets().identity ? facets().identity->source : "agent";
  sheet_.edit(&Facets::identity, source, now, [&](Identity& identity) {
    identity.device_id = id;
    identity.provisional = !final;
  });
}

SteadyTime Session::absence_due() const {
  return absent_since_ == SteadyTime::max() ? SteadyTime::max() : absent_since_ + kHour;
}

int Session::count_absence(Now now) {
  absent_since_ = now.steady;
  return ++absent_hours_;
}

DeviceUpdate Session::stamp_changes(Timestamp stamp) {
  const bool all = std::exchange(says_again_, false);
  return {all ? UpdateKind::kSnapshot : UpdateKind::kChange, stamp, sheet_.stamp_changes(stamp),
          ""};
}

void Session::say_again(Now now) {
  if (const auto& presence = facets().presence;
      presence && presence->fields.changed_at > now.wall()) {
    sheet_.edit(&Facets::presence, std::string(presence->source), now,
                [&](Presence& fields) { fields.changed_at = now.wall(); });
  }
  sheet_.forget_stamps(now);
  says_again_ = true;
}

void Session::absorb(Session& other, Now now) {
  for (Link& link : other.links.all()) {
    if (link.mac.empty() && !target_.empty()) continue;
    links.add(std::move(link));
  }
  for (const Advert& advert : other.adverts_) hear(advert, false);
  if (!other.hostname_.empty()) hostname_ = other.hostname_;
  other.links.all().clear();
  for (const auto& [rank, learnt] : other.learnt_) learn(learnt.profile, rank, learnt.seen, now);
}

}  // namespace dmp::local
