#include "registry/api/device_page.h"

#include "registry/api/reading.h"

namespace dmp::registry::api {
namespace {

constexpr int kKeysPerPage = 512;

}  // namespace

Answer<DevicePage> read_device_page(Reader& reader, const Filter& filter, const Scope& scope,
                                    const DevicePosition* after) {
  const DevicesQuery query{.filter = filter};
  const auto keys = read(reader, device_keys(query, scope, after, kKeysPerPage));
  if (!keys) return tl::unexpected(keys.error());
  DevicePage page{.is_last = keys->size() < kKeysPerPage};
  for (std::size_t row = 0; row < keys->size(); ++row) {
    const std::string_view device = keys->at(row, 0);
    if (page.devices.empty() || page.devices.back() != device) page.devices.emplace_back(device);
  }
  return page;
}

}  // namespace dmp::registry::api
