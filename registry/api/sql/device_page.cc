#include "registry/api/sql/device_page.h"

#include "registry/api/sql/reading.h"

namespace dmp::registry::api {
namespace {

constexpr int kKeysPerPage = 512;

}  // namespace

Answer<DevicePage> read_device_page(Reader& reader, const Filter& filter, const Scope& scope,
                                    const std::optional<DeviceId>& after) {
  const DevicesQuery query{.filter = filter};
  const DevicePosition position{after.value_or(DeviceId()), {}};
  const auto keys =
      read(reader, device_keys(query, scope, after ? &position : nullptr, kKeysPerPage));
  if (!keys) return tl::unexpected(keys.error());
  DevicePage page{.devices = devices_of(*keys)};
  if (keys->size() == kKeysPerPage) page.next = *DeviceId::parse(page.devices.back());
  return page;
}

std::vector<std::string> devices_of(const Rows& rows) {
  std::vector<std::string> devices;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view device = rows.at(row, 0);
    if (devices.empty() || devices.back() != device) devices.emplace_back(device);
  }
  return devices;
}

}  // namespace dmp::registry::api
