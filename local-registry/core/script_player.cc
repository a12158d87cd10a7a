#include "local-registry/core/script_player.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace dmp::local {
namespace {

constexpr std::string_view kProfile = "scripted";
constexpr std::string_view kHolder = "script";

}  // namespace

Profile scripted_profile() {
  Profile profile;
  profile.name = kProfile;
  profile.guess = true;  // whoever is on a scripted LAN answers it
  profile.url = "http://{address}";
  return profile;
}

ScriptPlayer::ScriptPlayer(Script script) : script_(std::move(script)), random_(script_.seed) {
  DMP_CHECK(!script_.devices.empty());
  for (const ScriptedDevice& facts : script_.devices) {
    by_address_[facts.address] = devices_.size();
    Device& device = devices_.emplace_back();
    device.facts = facts;
    device.port = static_cast<int>(devices_.size());
  }
}

std::vector<Sighting> ScriptPlayer::begin(Now now) {
  start_ = now.steady;
  std::vector<Sighting> seen;
  for (const Device& device : devices_) {
    const ScriptedDevice& facts = device.facts;
    seen.emplace_back(PortLearnt{facts.mac, device.port});
    seen.emplace_back(LeaseSeen{facts.mac, facts.address, facts.hostname, true});
  }
  return seen;
}

SteadyTime ScriptPlayer::next_random() const {
  using std::chrono::nanoseconds;
  if (script_.edits_per_second == 0) return SteadyTime::max();
  const std::int64_t seconds = random_edits_ / script_.edits_per_second;
  const std::int64_t rest = random_edits_ % script_.edits_per_second;
  const nanoseconds after =
      std::chrono::seconds(seconds) + nanoseconds(rest * std::nano::den / script_.edits_per_second);
  const bool is_over = script_.duration.count() > 0 && after >= script_.duration;
  return is_over ? SteadyTime::max() : start_ + after;
}

SteadyTime ScriptPlayer::next_timed() const {
  if (timed_edits_ == script_.timed.size()) return SteadyTime::max();
  return start_ + script_.timed[timed_edits_].at;
}

SteadyTime ScriptPlayer::next_tick() const { return std::min(next_random(), next_timed()); }

std::vector<Sighting> ScriptPlayer::tick(Now now) {
  DMP_CHECK(start_ != SteadyTime::max());
  std::vector<Sighting> seen;
  for (std::size_t i = 0; i < kEditsPerTick && next_tick() <= now.steady; ++i) {
    ++edits_;
    if (next_timed() <= next_random()) {
      edit(script_.timed[timed_edits_++], seen);
    } else {
      ++random_edits_;
      edit_randomly(now, seen);
    }
  }
  return seen;
}

EditKind ScriptPlayer::draw_kind() {
  const auto& weights = script_.weights;
  const int sum = std::accumulate(weights.begin(), weights.end(), 0);
  int rest = static_cast<int>(draw_below(static_cast<std::size_t>(sum)));
  std::size_t kind = 0;
  while (rest >= weights[kind]) rest -= weights[kind++];
  return static_cast<EditKind>(kind);
}

void ScriptPlayer::edit_randomly(Now now, std::vector<Sighting>& seen) {
  Device& device = devices_[draw_below(devices_.size())];
  const EditKind kind = draw_kind();
  if (!device.is_plugged) return become(device, PresenceStatus::kOnline, seen);
  auto& says = device.facts.says.fields;
  switch (kind) {
    case EditKind::kFirmware:
      says["software.firmware_version"] = "1.0." + std::to_string(++device.version);
      says["software.app_version"] = "t=" + std::to_string(now.wall_us);
      return report(device, seen);
    case EditKind::kEsn:
      says["identity.esn"] = device.facts.id + "-ESN-" + std::to_string(draw_below(1'000'000'000));
      return report(device, seen);
    case EditKind::kHostname:
      return rename(device, device.facts.id + "-" + std::to_string(++device.names), seen);
    case EditKind::kUsage: {
      const bool is_busy = says["usage.state"] == enum_name(UsageState::kInTest);
      says["usage.state"] = enum_name(is_busy ? UsageState::kAvailable : UsageState::kInTest);
      says["usage.holder"] = is_busy ? "" : kHolder;
      return report(device, seen);
    }
    case EditKind::kPresence: {
      const auto awake =
          device.facts.says.standby ? PresenceStatus::kOnline : PresenceStatus::kStandby;
      return become(device, draw_below(2) == 0 ? awake : PresenceStatus::kOffline, seen);
    }
  }
}

void ScriptPlayer::edit(const TimedEdit& timed, std::vector<Sighting>& seen) {
  Device& device = devices_[timed.device];
  for (const auto& [field, value] : timed.says) device.facts.says.fields[field] = value;
  if (!timed.hostname.empty()) rename(device, timed.hostname, seen);
  if (timed.presence) return become(device, *timed.presence, seen);
  if (!timed.says.empty()) report(device, seen);
}

// As if a probe had come just now. Before the agent asked for the first time there is nobody to
// tell; the first answer says all.
void ScriptPlayer::report(const Device& device, std::vector<Sighting>& seen) const {
  if (device.is_plugged && !device.session.is_nil()) seen.emplace_back(answer_of(device));
}

void ScriptPlayer::rename(Device& device, const std::string& hostname,
                          std::vector<Sighting>& seen) const {
  device.facts.hostname = hostname;
  if (!device.is_plugged) return;
  seen.emplace_back(LeaseSeen{device.facts.mac, device.facts.address, hostname, true});
}

void ScriptPlayer::become(Device& device, PresenceStatus status,
                          std::vector<Sighting>& seen) const {
  device.facts.says.standby = status == PresenceStatus::kStandby;
  const bool was_plugged = std::exchange(device.is_plugged, status != PresenceStatus::kOffline);
  if (!device.is_plugged) {
    seen.emplace_back(PortCarrier{device.port, false});
    return;
  }
  if (!was_plugged) {
    seen.emplace_back(PortCarrier{device.port, true});
    seen.emplace_back(
        LeaseSeen{device.facts.mac, device.facts.address, device.facts.hostname, true});
  }
  report(device, seen);
}

ProbeFinished ScriptPlayer::answer_of(const Device& device) const {
  return {device.session, device.facts.address, {{std::string(kProfile), device.facts.says, ""}}};
}

ProbeFinished ScriptPlayer::answer(const ProbeOrder& order) {
  const auto found = by_address_.find(order.clues.address);
  if (found == by_address_.end() || !devices_[found->second].is_plugged) {
    return {order.session, order.clues.address, {{std::string(kProfile), {}, "nobody answers"}}};
  }
  Device& device = devices_[found->second];
  device.session = order.session;
  return answer_of(device);
}

}  // namespace dmp::local
