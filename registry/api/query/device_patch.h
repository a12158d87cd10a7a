// DevicePatch: what a PATCH changes of what the cloud owns about a device. Plain values.
//
//   {"labels":{"lab":"LA","old":null},"note":"...","hold":{"reason":"...","until_at":US}}
//
// A merge patch (RFC 7396): members that are not there stay, null clears. `until_at` may be left
// out: held until somebody lifts it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dmp::registry::api {

inline constexpr std::size_t kPatchBytesMax = 16384;
inline constexpr std::size_t kLabelsPerPatchMax = 32;
inline constexpr int kLabelsPerDeviceMax = 64;
inline constexpr std::size_t kNoteBytesMax = 1024;

struct Hold {
  std::string reason;
  std::int64_t until_us = 0;  // 0: no end

  bool operator==(const Hold&) const = default;
};

struct DevicePatch {
  std::map<std::string, std::string> labels{};  // to set
  std::vector<std::string> removed_labels{};
  std::optional<std::string> note{};
  std::optional<std::optional<Hold>> hold{};  // an empty one lifts it

  bool operator==(const DevicePatch&) const = default;
};

}  // namespace dmp::registry::api
