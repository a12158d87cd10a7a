// The one description of the facets: what a device session consists of.
//
// Codec, SQL text, REST and documentation are made from the lists below. Adding a field is one line
// here, one migration (schema/sql/cloud) and one golden example (schema/json/examples).
//
// FIELD(type, name, column): the member, its JSON name, and its column in the cloud tables. A list
// is one JSONB column. An enum has a second column `<column>_text` for a value this version does
// not know. Absent and empty mean the same: not known.
//
// Slow facets (identity, network, software, onboarding) are columns of `device_session`, fast ones
// (presence, usage, health) of `device_state`: a change of an indexed column rewrites every index
// entry of its row, so what changes often stays away from what is searched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/enums.h"
#include "schema/ids.h"

namespace dmp {

// Wall clock, microseconds since the epoch: for people, never for order. 0 = not known.
struct WallTime {
  std::int64_t us = 0;
  auto operator<=>(const WallTime&) const = default;
};

#define DMP_IDENTITY_FIELDS(FIELD)               \
  FIELD(DeviceId, device_id, device_id)          \
  FIELD(bool, provisional, provisional)          \
  FIELD(std::string, manufacturer, manufacturer) \
  FIELD(std::string, model, model)               \
  FIELD(std::string, model_number, model_number) \
  FIELD(std::string, serial, serial)             \
  FIELD(std::string, esn, esn)                   \
  FIELD(std::string, device_type, device_type)   \
  FIELD(std::string, name, name)                 \
  FIELD(std::vector<Claim>, claims, claims)

#define DMP_NETWORK_FIELDS(FIELD)        \
  FIELD(std::string, mac, mac)           \
  FIELD(std::string, ipv4, ipv4)         \
  FIELD(std::string, ipv6, ipv6)         \
  FIELD(std::string, hostname, hostname) \
  FIELD(std::int32_t, port, port)        \
  FIELD(std::vector<Interface>, interfaces, interfaces)

#define DMP_SOFTWARE_FIELDS(FIELD)                       \
  FIELD(std::string, firmware_version, firmware_version) \
  FIELD(std::string, os_version, os_version)             \
  FIELD(std::string, sdk_version, sdk_version)           \
  FIELD(std::string, app_version, app_version)

#define DMP_ONBOARDING_FIELDS(FIELD)                     \
  FIELD(Known<OnboardingState>, state, onboarding_state) \
  FIELD(std::string, step, onboarding_step)              \
  FIELD(std::string, last_error, onboarding_last_error)  \
  FIELD(WallTime, next_try_at, onboarding_next_try_at)

#define DMP_PRESENCE_FIELDS(FIELD)                      \
  FIELD(Known<PresenceStatus>, status, presence_status) \
  FIELD(std::string, reason, presence_reason)           \
  FIELD(WallTime, changed_at, presence_changed_at)

#define DMP_USAGE_FIELDS(FIELD)                \
  FIELD(Known<UsageState>, state, usage_state) \
  FIELD(std::string, holder, usage_holder)

#define DMP_HEALTH_FIELDS(FIELD)                    \
  FIELD(Known<HealthStatus>, status, health_status) \
  FIELD(std::vector<HealthReason>, reasons, health_reasons)

// Elements of lists; FIELD(type, name).
#define DMP_CLAIM_FIELDS(FIELD) \
  FIELD(std::string, kind)      \
  FIELD(std::string, value)     \
  FIELD(std::string, source)    \
  FIELD(std::string, confidence)

#define DMP_INTERFACE_FIELDS(FIELD)     \
  FIELD(std::string, name)              \
  FIELD(std::string, mac)               \
  FIELD(std::vector<std::string>, ipv4) \
  FIELD(std::vector<std::string>, ipv6)

#define DMP_HEALTH_REASON_FIELDS(FIELD) \
  FIELD(std::string, code)              \
  FIELD(std::string, message)           \
  FIELD(WallTime, since_at)

// FACET(Type, name, table)
#define DMP_FACETS(FACET)                       \
  FACET(Identity, identity, device_session)     \
  FACET(Network, network, device_session)       \
  FACET(Software, software, device_session)     \
  FACET(Onboarding, onboarding, device_session) \
  FACET(Presence, presence, device_state)       \
  FACET(Usage, usage, device_state)             \
  FACET(Health, health, device_state)

#define DMP_MEMBER(type, name, ...) type name{};
#define DMP_VISIT_FIELD(type, name, column) visit(FieldNames{#name, #column}, self.name);
#define DMP_VISIT_ELEMENT(type, name) visit(std::string_view(#name), self.name);

struct FieldNames {
  std::string_view json;
  std::string_view column;
};

// An element of a list, with `each(element, visit)` calling visit(name, value) per field.
#define DMP_ELEMENT(Type, FIELDS)                 \
  struct Type {                                   \
    FIELDS(DMP_MEMBER)                            \
    bool operator==(const Type&) const = default; \
    template <class Self, class Visit>            \
    static void each(Self& self, Visit&& visit) { \
      FIELDS(DMP_VISIT_ELEMENT)                   \
    }                                             \
  };
DMP_ELEMENT(Claim, DMP_CLAIM_FIELDS)
DMP_ELEMENT(Interface, DMP_INTERFACE_FIELDS)
DMP_ELEMENT(HealthReason, DMP_HEALTH_REASON_FIELDS)

// A facet's fields, with `each(facet, visit)` calling visit(FieldNames, value) per field.
#define DMP_FACET(Type, FIELDS)                   \
  struct Type {                                   \
    FIELDS(DMP_MEMBER)                            \
    bool operator==(const Type&) const = default; \
    template <class Self, class Visit>            \
    static void each(Self& self, Visit&& visit) { \
      FIELDS(DMP_VISIT_FIELD)                     \
    }                                             \
  };
DMP_FACET(Identity, DMP_IDENTITY_FIELDS)
DMP_FACET(Network, DMP_NETWORK_FIELDS)
DMP_FACET(Software, DMP_SOFTWARE_FIELDS)
DMP_FACET(Onboarding, DMP_ONBOARDING_FIELDS)
DMP_FACET(Presence, DMP_PRESENCE_FIELDS)
DMP_FACET(Usage, DMP_USAGE_FIELDS)
DMP_FACET(Health, DMP_HEALTH_FIELDS)

// A facet as it travels: whole, with the stamp of its last change and where it came from.
template <class Fields>
struct Facet {
  Timestamp timestamp;   // of the last change of any field; orders within the RAE
  WallTime observed_at;  // when the RAE last saw it so
  std::string source;    // "neighbour", "lease", "roku-ecp", ...
  Fields fields;

  bool operator==(const Facet&) const = default;
};

// The facets one message carries: absent ones say nothing.
struct Facets {
#define DMP_FACET_MEMBER(Type, name, table) std::optional<Facet<Type>> name;
  DMP_FACETS(DMP_FACET_MEMBER)
#undef DMP_FACET_MEMBER
  bool operator==(const Facets&) const = default;
};

struct FacetNames {
  std::string_view name;
  std::string_view table;
};

// visit(FacetNames, optional<Facet<Type>>&) for each facet, in the order of DMP_FACETS.
template <class FacetsLike, class Visit>
void each_facet(FacetsLike& facets, Visit&& visit) {
#define DMP_VISIT_FACET(Type, name, table) visit(FacetNames{#name, #table}, facets.name);
  DMP_FACETS(DMP_VISIT_FACET)
#undef DMP_VISIT_FACET
}

}  // namespace dmp
