#include "local-registry/core/claims.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "local-registry/core/device_text.h"
#include "schema/messages.h"

namespace dmp::local {
namespace {

struct Kind {
  std::string_view name;
  std::string_view field;  // of an Observation; empty: not from probes
  std::string_view confidence;
  bool names_device;
};

// From the strongest.
constexpr std::array<Kind, 7> kKinds = {{{"serial", "identity.serial", "high", true},
                                         {"udn", "claim.udn", "high", true},
                                         {"duid", "claim.duid", "high", true},
                                         {"ethernet_mac", "claim.ethernet_mac", "medium", true},
                                         {"mac", "", "medium", true},
                                         {"wifi_mac", "claim.wifi_mac", "medium", true},
                                         {"esn", "identity.esn", "medium", false}}};

}  // namespace

bool is_local_mac(std::string_view mac) {
  return mac.size() > 1 && std::string_view("2367abef").find(mac[1]) != std::string_view::npos;
}

int claim_rank(const Claim& claim) {
  int rank = 0;
  for (const Kind& kind : kKinds) {
    if (kind.name == claim.kind) break;
    ++rank;
  }
  // A chosen MAC is weaker than any given one.
  return claim.confidence == "low" ? rank + static_cast<int>(kKinds.size()) : rank;
}

bool is_strong(const Claim& claim) {
  return claim.kind == "serial" || claim.kind == "udn" || claim.kind == "duid";
}

std::vector<Claim> claims_of(const Observation& seen, const std::string& profile) {
  std::vector<Claim> claims;
  for (const Kind& kind : kKinds) {
    const std::string value = kind.field.empty() ? std::string() : seen.get(kind.field);
    if (value.empty()) continue;
    const bool weak = kind.name.ends_with("mac") && is_local_mac(value);
    claims.push_back({std::string(kind.name), value, profile,
                      weak ? std::string("low") : std::string(kind.confidence)});
  }
  return claims;
}

std::vector<Claim> merge_claims(std::vector<Claim> known, const std::vector<Claim>& fresh) {
  std::erase_if(known, [&](const Claim& old) {
    return std::any_of(fresh.begin(), fresh.end(), [&](const Claim& claim) {
      return claim.kind == old.kind && claim.source == old.source;
    });
  });
  known.insert(known.end(), fresh.begin(), fresh.end());
  // A total order: whose turn it was to answer must not make the list another one.
  std::sort(known.begin(), known.end(), [](const Claim& a, const Claim& b) {
    return std::tuple(claim_rank(a), std::tie(a.source, a.value)) <
           std::tuple(claim_rank(b), std::tie(b.source, b.value));
  });
  if (known.size() > Limits::kArrayItems) known.resize(Limits::kArrayItems);
  return known;
}

std::string identity_name(const Identity& identity, const Claim& claim) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const Kind& known) { return known.name == claim.kind; });
  if (kind == kKinds.end() || !kind->names_device || is_junk(claim.value)) return {};
  const std::string value = lower_case(claim.value);
  // A serial number means something only beside its maker.
  if (claim.kind == "serial") {
    if (identity.manufacturer.empty()) return {};
    return "serial:" + lower_case(identity.manufacturer) + "/" + value;
  }
  // A wired MAC reported by the device and the same MAC seen on the LAN are one claim.
  if (claim.kind.ends_with("mac")) return "mac:" + value;
  return "udn:" + value;
}

}  // namespace dmp::local
