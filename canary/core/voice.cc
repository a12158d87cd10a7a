#include "canary/core/voice.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "schema/codec.h"

namespace dmp::canary {
namespace {

constexpr std::string_view kDuePrefix = "t=";
constexpr std::size_t kReasonBytes = 60;  // of a reason's JSON beside its message
constexpr std::int64_t kSomeTime = 1'700'000'000'000'000;

// Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

// A version 8 UUID (RFC 9562): made by a rule of our own.
template <class Id>
Id id_of(std::string_view text, std::uint64_t salt) {
  std::uint64_t high = mixed(salt);
  for (const char c : text) high = mixed(high ^ static_cast<unsigned char>(c));
  const std::uint64_t low = mixed(high);
  typename Id::Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return Id(bytes);
}

template <class Fields>
void set_facet(std::optional<Facet<Fields>>& facet, Fields fields) {
  facet = Facet<Fields>{{}, {}, "canary", std::move(fields)};
}

void touch(Facets& facets, Timestamp stamp, std::int64_t wall_us) {
  facets.software->timestamp = facets.presence->timestamp = facets.health->timestamp = stamp;
  facets.software->observed_at = facets.presence->observed_at = {wall_us};
  facets.health->observed_at = {wall_us};
}

}  // namespace

bool is_run_name(std::string_view run) {
  constexpr std::size_t kMost = 20;
  return !run.empty() && run.size() <= kMost && std::all_of(run.begin(), run.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

std::string run_name(std::int64_t wall_us, std::uint64_t random) {
  constexpr std::uint64_t kBase = 36;
  constexpr std::uint64_t kRandomMost = kBase * kBase * kBase * kBase;
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  const auto seconds = static_cast<std::uint64_t>(wall_us) / 1'000'000;
  std::string name;
  for (std::uint64_t left = seconds * kRandomMost + random % kRandomMost; left > 0; left /= kBase) {
    name.insert(name.begin(), kDigits[left % kBase]);
  }
  return "r" + name;
}

RaeSerial serial_of(std::string_view run, std::int64_t client) {
  DMP_CHECK(is_run_name(run));
  return *RaeSerial::parse("canary-" + std::string(run) + "-" + std::to_string(client));
}

Voice::Voice(std::string_view run, std::int64_t client, const std::vector<HealthReason>& padding)
    : rae_(serial_of(run, client)), session_(id_of<SessionId>(rae_.str(), 1)) {
  said_.kind = UpdateKind::kSnapshot;
  Facets& facets = said_.facets;
  Identity identity;
  identity.device_id = id_of<DeviceId>(rae_.str(), 2);
  identity.manufacturer = "canary";
  identity.model = "Canary";
  identity.serial = rae_.str();
  set_facet(facets.identity, std::move(identity));
  Onboarding onboarding;
  onboarding.state = OnboardingState::kActive;
  set_facet(facets.onboarding, std::move(onboarding));
  set_facet(facets.software, Software{});
  Presence shown;
  shown.status = PresenceStatus::kOnline;
  set_facet(facets.presence, std::move(shown));
  Health health;
  health.status = HealthStatus::kGood;
  health.reasons = padding;
  set_facet(facets.health, std::move(health));
}

Timestamp Voice::stamp(std::int64_t wall_us) {
  last_.us = std::max(wall_us, last_.us + 1);
  return last_;
}

std::string Voice::presence(Timestamp stamp, AgentStatus status) const {
  return encode(AgentPresence{stamp, status, DMP_VERSION});
}

std::string Voice::update(Timestamp stamp, std::int64_t wall_us) {
  Facets& facets = said_.facets;
  // Said once: what a device is does not change with every update, and is what the cloud indexes.
  if (!facets.identity->timestamp.is_set()) {
    facets.identity->timestamp = facets.onboarding->timestamp = stamp;
    facets.identity->observed_at = facets.onboarding->observed_at = {wall_us};
    facets.presence->fields.changed_at = {wall_us};
  }
  said_.timestamp = stamp;
  facets.software->fields.app_version = std::string(kDuePrefix) + std::to_string(wall_us);
  touch(facets, stamp, wall_us);
  return encode(said_);
}

std::vector<HealthReason> padding_for(std::size_t bytes) {
  std::vector<HealthReason> padding;
  while (padding.size() < Limits::kArrayItems) {
    Voice voice("longrunname", 1000, padding);
    const std::size_t size = voice.update({kSomeTime}, kSomeTime).size();
    if (size + kReasonBytes >= bytes) break;
    const std::size_t missing = std::min(bytes - size - kReasonBytes, Limits::kStringBytes);
    padding.push_back({"canary", std::string(missing, 'x'), {kSomeTime}});
  }
  return padding;
}

std::int64_t due_of(std::string_view app_version) {
  if (!app_version.starts_with(kDuePrefix)) return 0;
  app_version.remove_prefix(kDuePrefix.size());
  std::int64_t value = 0;
  const char* end = app_version.data() + app_version.size();
  const auto [at, problem] = std::from_chars(app_version.data(), end, value);
  return problem == std::errc() && at == end ? value : 0;
}

}  // namespace dmp::canary
