// Claims: what a device says or shows about who it is, and which of it counts. Pure.
//
// From the strongest: "serial" with a manufacturer, "udn" or "duid", "ethernet_mac", "mac"
// (seen on the LAN), "wifi_mac". An ESN is a claim but never an identity: it changes with the app.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local-registry/core/profile.h"
#include "schema/facets.h"

namespace dmp::local {

// A MAC that its owner chose for itself ("locally administered") says little.
bool is_local_mac(std::string_view mac);

// The claims in what `profile` learnt.
std::vector<Claim> claims_of(const Observation& seen, const std::string& profile);

// `known` with `fresh` in place of what the same source claimed of the same kind before. A kind
// the source is silent about this time stays. At most Limits::kArrayItems, weakest dropped first.
std::vector<Claim> merge_claims(std::vector<Claim> known, const std::vector<Claim>& fresh);

// What the device is called for its DeviceId: the strongest claim whose value `usable` allows.
// Nothing if there is none.
template <class Usable>
std::optional<std::string> strongest_claim(const Identity& identity, Usable&& usable);

// Names of one claim, as strongest_claim gives it; empty if the kind names no device.
std::string identity_name(const Identity& identity, const Claim& claim);

// Smaller is stronger.
int claim_rank(const Claim& claim);

// Claims that make two sessions one device: serial (with the same manufacturer), UDN, DUID.
bool is_strong(const Claim& claim);

template <class Usable>
std::optional<std::string> strongest_claim(const Identity& identity, Usable&& usable) {
  const Claim* best = nullptr;
  for (const Claim& claim : identity.claims) {
    if (identity_name(identity, claim).empty() || !usable(claim)) continue;
    if (best == nullptr || claim_rank(claim) < claim_rank(*best)) best = &claim;
  }
  if (best == nullptr) return std::nullopt;
  return identity_name(identity, *best);
}

}  // namespace dmp::local
