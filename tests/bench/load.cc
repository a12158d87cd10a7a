#include "tests/bench/load.h"

#include <chrono>
#include <string>

namespace dmp::bench {
namespace {

// Names of their own for each session, as long as real ones.
std::string padded(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(8 - digits.size(), '0') + digits;
}

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <class Id>
Id id_of(std::int64_t session, std::uint8_t version) {
  typename Id::Bytes bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(session >> (8 * i));
  bytes[6] = version;
  bytes[8] = 0x80;
  return Id(bytes);
}

template <class Fields>
Facet<Fields> facet_at(std::int64_t stamp, const char* source) {
  Facet<Fields> facet;
  facet.timestamp = {stamp};
  facet.observed_at = {stamp};
  facet.source = source;
  return facet;
}

Facet<Identity> identity_of(std::int64_t session, std::int64_t stamp) {
  const std::string name = padded(session);
  auto facet = facet_at<Identity>(stamp, "roku-ecp");
  facet.fields.device_id = id_of<DeviceId>(session, 0x50);
  facet.fields.manufacturer = "Roku";
  facet.fields.model = "Streaming Stick";
  facet.fields.model_number = "3820X";
  facet.fields.serial = "X01F" + name;
  facet.fields.esn = "NFROKU-PRV-3820X-" + name;
  facet.fields.claims = {{"serial", "X01F" + name, "roku-ecp", "high"}};
  return facet;
}

Facet<Network> network_of(std::int64_t session, std::int64_t stamp) {
  auto facet = facet_at<Network>(stamp, "neighbour");
  const std::string digits = padded(session);
  facet.fields.mac = "b0:a7:" + digits.substr(0, 2) + ":" + digits.substr(2, 2) + ":" +
                     digits.substr(4, 2) + ":" + digits.substr(6, 2);
  facet.fields.ipv4 =
      "10.77." + std::to_string(session / 250) + "." + std::to_string(session % 250);
  facet.fields.hostname = "roku-" + digits;
  return facet;
}

}  // namespace

registry::UpdateNews update_number(const Load& load, std::int64_t number) {
  const std::int64_t session = number % load.sessions;
  const std::int64_t stamp = kFirstStamp + number;
  const std::int64_t first = kFirstStamp + session;  // what never changes has its first stamp
  DeviceUpdate update{UpdateKind::kChange, {stamp}, {}, {}};
  update.facets.identity = identity_of(session, first);
  update.facets.network = network_of(session, first);
  update.facets.software = facet_at<Software>(stamp, "roku-ecp");
  update.facets.software->fields.firmware_version = "12.5." + std::to_string(number);
  if (load.timed) update.facets.software->fields.app_version = "t=" + std::to_string(wall_us());
  update.facets.presence = facet_at<Presence>(stamp, "neighbour");
  update.facets.presence->fields.status = PresenceStatus::kOnline;
  update.facets.presence->fields.changed_at = {first};
  const auto rae = RaeSerial::parse("rae-bench-" + std::to_string(session % kRaes));
  return {*rae, id_of<SessionId>(session, 0x40), std::move(update), {}, {stamp}};
}

}  // namespace dmp::bench
