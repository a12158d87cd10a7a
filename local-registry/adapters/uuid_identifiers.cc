#include "local-registry/adapters/uuid_identifiers.h"

#include <algorithm>

#include <uuid/uuid.h>

namespace dmp::local {
namespace {

// Namespace of all device ids. It never changes: it is what makes one device one on every RAE.
constexpr uuid_t kDevices = {0x4d, 0x0b, 0x1c, 0x52, 0x9e, 0x37, 0x4f, 0x6a,
                             0x8c, 0x21, 0x6f, 0x5d, 0x70, 0xe4, 0xa3, 0x18};

template <class Id>
Id id_of(const uuid_t& raw) {
  typename Id::Bytes bytes{};
  std::copy(std::begin(raw), std::end(raw), bytes.begin());
  return Id(bytes);
}

}  // namespace

SessionId UuidIdentifiers::new_session() {
  uuid_t raw;
  uuid_generate_random(raw);
  return id_of<SessionId>(raw);
}

DeviceId UuidIdentifiers::device_id(std::string_view name) {
  uuid_t raw;
  uuid_generate_sha1(raw, kDevices, name.data(), name.size());
  return id_of<DeviceId>(raw);
}

}  // namespace dmp::local
