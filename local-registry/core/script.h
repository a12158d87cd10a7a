// Script: a LAN that exists only in a file: its devices, and what happens to them when. It makes an
// agent a source of load. A plain value; adapters/script_file.h reads it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "local-registry/core/profile.h"
#include "schema/enums.h"

namespace dmp::local {

struct ScriptLimits {
  static constexpr std::size_t kDevices = 1000;  // what a roster can name
  static constexpr std::size_t kTimedEdits = 10'000;
  static constexpr std::int64_t kEditsPerSecond = 2000;
};

// What a random edit changes.
enum class EditKind { kFirmware, kEsn, kHostname, kUsage, kPresence };
inline constexpr std::array<std::string_view, 5> kEditKinds = {"firmware", "esn", "hostname",
                                                               "usage", "presence"};

struct ScriptedDevice {
  std::string id;       // its name in the script
  std::string mac;      // as in sightings, and no other device's; the same goes for the address
  std::string address;  // IPv4
  std::string hostname;
  Observation says;  // what a probe of it learns
};

// At a time after the start, these things become so; what is not named stays.
struct TimedEdit {
  std::chrono::milliseconds at{};
  std::size_t device = 0;                   // index
  std::map<std::string, std::string> says;  // fields of an Observation
  std::string hostname;                     // empty: stays
  std::optional<PresenceStatus> presence;
};

struct Script {
  std::vector<ScriptedDevice> devices;
  std::vector<TimedEdit> timed;  // the earliest first

  std::uint64_t seed = 1;
  std::int64_t edits_per_second = 0;
  std::chrono::milliseconds duration{};                          // of the random edits; 0: for ever
  std::array<int, kEditKinds.size()> weights = {1, 1, 1, 1, 1};  // how often each kind is drawn
};

}  // namespace dmp::local
