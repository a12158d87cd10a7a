// Options of dmp-bridge: one table, used for flags, environment, file and help.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"
#include "bridge/adapters/paho_source.h"
#include "bridge/core/valve.h"

namespace dmp::bridge {

// As a window-file: none.
inline constexpr std::string_view kMemory = "memory";

struct Options {
  std::string name;
  std::string mqtt_uri = "ssl://127.0.0.1:8883";
  std::string mqtt_ca;
  std::string mqtt_certificate;
  std::string mqtt_key;
  std::string kafka_brokers = "127.0.0.1:9092";
  std::string window_file;
  std::int64_t window_bytes = 25'165'824;  // 24 MiB
  std::int64_t window_messages = 16'384;
  std::string admin_address = "127.0.0.1";
  std::int64_t admin_port = 0;
};

// Messages the broker may send ahead of their acknowledgement.
inline constexpr std::int64_t kReceiveMax = 200;

// What can still come after the window has reached its high water mark: one message for each turn
// of the loop that has looked at the window just before. If more than that come, the window
// refuses, which shuts the connection and loses nothing.
inline constexpr std::int64_t kHeadroomMessages = 16;

// High water leaves room for kHeadroomMessages of the largest; low water is half of it.
WaterMarks water_marks(const Options& options);

// With these filters and our echo's.
MqttOptions mqtt_options(const Options& options, std::vector<std::string> filters);

// `options` must outlive `settings`.
void declare(Settings& settings, Options& options);

}  // namespace dmp::bridge
