// Probes, identity and merging: the other half of DeviceRegistry.
#include <algorithm>
#include <array>

#include "local-registry/core/claims.h"
#include "local-registry/core/device_registry.h"
#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

// How long misses of probes remember each other: the confirming one comes soon, or one round later.
std::chrono::milliseconds probe_window(const ProbeLimits& limits) { return limits.interval * 2; }

std::string joined_errors(const std::vector<ProbeOutcome>& outcomes) {
  std::string text;
  for (const ProbeOutcome& outcome : outcomes) {
    if (outcome.answered()) continue;
    text += (text.empty() ? "" : "; ") + outcome.profile + ": " + outcome.error;
  }
  return device_text(text.empty() ? "no profile knows how to ask it" : text);
}

bool same_value(const Claim& one, const Claim& other) {
  return one.kind == other.kind && is_same_text(one.value, other.value);
}

bool has_same(const std::vector<Claim>& claims, const Claim& wanted) {
  return std::any_of(claims.begin(), claims.end(),
                     [&](const Claim& claim) { return same_value(claim, wanted); });
}

// Both say something of this kind, and nothing of it is the same.
bool disagree(const std::vector<Claim>& one, const std::vector<Claim>& other,
              std::string_view kind) {
  bool said_one = false;
  for (const Claim& claim : one) {
    if (claim.kind != kind) continue;
    if (has_same(other, claim)) return false;
    said_one = true;
  }
  return said_one && std::any_of(other.begin(), other.end(),
                                 [&](const Claim& claim) { return claim.kind == kind; });
}

}  // namespace

void DeviceRegistry::order_probe(Session& session, Now now) {
  ProbeOrder order{session.id(), session.clues(), {}};
  const bool may_answer =
      !order.clues.address.empty() &&
      (!session.target().empty() || session.presence() != PresenceStatus::kOffline);
  for (const Profile& profile : profiles_) {
    const bool known = session.was_answered_by(profile.name);
    const bool guess = profile.guess && !session.is_active();
    if (known || guess || matches(profile, order.clues)) order.profiles.push_back(profile.name);
  }
  session.plan.started();
  if (!may_answer || order.profiles.empty()) {
    // Nobody to ask: the next sighting hurries the plan.
    session.plan.failed(now.steady, session.is_active());
    return;
  }
  if (!session.is_active()) {
    const std::string error = session.facets().onboarding->fields.last_error;
    session.show_onboarding(OnboardingState::kOnboarding, "probing", error, {}, now);
  }
  effects_.probes.push_back(std::move(order));
}

void DeviceRegistry::probe_refused(const SessionId& id, Now now) {
  if (Session* session = find(id)) session->plan.postponed(now.steady);
}

void DeviceRegistry::on(const ProbeFinished& finished, Now now) {
  Session* session = find(finished.session);
  if (session == nullptr) return;  // merged or ended meanwhile
  bool answered = false;
  for (std::size_t rank = 0; rank < profiles_.size(); ++rank) {
    const Profile& profile = profiles_[rank];
    for (const ProbeOutcome& outcome : finished.outcomes) {
      if (outcome.profile != profile.name || !outcome.answered()) continue;
      session->learn(profile.name, static_cast<int>(rank), outcome.observation, now);
      // What a device announced by itself neither proves that it is there now nor who it is.
      answered = answered || !profile.url.empty();
    }
  }
  Link* link = session->links.by_address(finished.address);
  if (answered) return probe_answered(*session, link, now);
  probe_failed(*session, link, joined_errors(finished.outcomes), now);
}

void DeviceRegistry::probe_failed(Session& session, Link* link, const std::string& why, Now now) {
  const auto delay = session.plan.failed(now.steady, session.is_active());
  // On the LAN the kernel knows better; beyond it the probe is the only witness.
  if (link != nullptr && link->mac.empty()) {
    link->presence.miss(now.steady, probe_window(limits_.probe));
  }
  if (!session.is_active()) {
    const WallTime next{now.wall_us + std::chrono::microseconds(delay).count()};
    session.show_onboarding(OnboardingState::kOnboarding, "probing", why, next, now);
  }
  session.show_health(now);
  show(session, "probe", now);
}

void DeviceRegistry::probe_answered(Session& session, Link* link, Now now) {
  session.plan.answered(now.steady);
  if (link != nullptr && !is_cable_out(*link)) link->presence.hit();
  Session& survivor = merge_duplicates(session, now);
  if (survivor.identity().provisional) name_device(survivor, true, now);
  survivor.show_onboarding(OnboardingState::kActive, "", "", {}, now);
  survivor.show_health(now);
  show(survivor, "probe", now);
}

bool DeviceRegistry::is_same_device(const Session& one, const Session& other) const {
  const Identity& mine = one.identity();
  const Identity& theirs = other.identity();
  const bool shared = std::any_of(mine.claims.begin(), mine.claims.end(), [&](const Claim& claim) {
    if (!is_strong(claim)) return false;
    if (claim.kind == "serial" && !is_same_text(mine.manufacturer, theirs.manufacturer)) {
      return false;
    }
    return has_same(theirs.claims, claim) && !is_junk(claim.value);
  });
  if (!shared) return false;
  // A serial printed on a whole batch, or a copied UDN: the other names tell them apart.
  static constexpr std::array<std::string_view, 3> kNames = {"udn", "duid", "serial"};
  return std::none_of(kNames.begin(), kNames.end(), [&](std::string_view kind) {
    return disagree(mine.claims, theirs.claims, kind);
  });
}

Session& DeviceRegistry::merge_duplicates(Session& session, Now now) {
  for (Session& other : sessions_) {
    if (&other == &session || !is_same_device(session, other)) continue;
    const bool other_is_older =
        std::find_if(sessions_.begin(), sessions_.end(), [&](const Session& any) {
          return &any == &other || &any == &session;
        })->id() == other.id();
    Session& survivor = other_is_older ? other : session;
    Session& ending = other_is_older ? session : other;
    survivor.absorb(ending, now);
    end_session(ending, "merged");
    survivor.plan.hurry(now.steady);
    show(survivor, "probe", now);
    return survivor;
  }
  return session;
}

void DeviceRegistry::name_device(Session& session, bool final, Now now) {
  const auto usable = [&](const Claim& claim) {
    if (!is_strong(claim)) return true;
    const bool used = std::any_of(sessions_.begin(), sessions_.end(), [&](const Session& other) {
      return &other != &session && has_same(other.identity().claims, claim);
    });
    if (used && final) ++counts_.identity_conflicts;
    return !used;
  };
  // Without any claim the session itself stands for the device.
  const std::string name =
      strongest_claim(session.identity(), usable).value_or("session:" + session.id().str());
  session.name_device(identifiers_.device_id(name), final, now);
}

}  // namespace dmp::local
