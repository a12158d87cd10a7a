// Options of dmp-local-registry: what people can set, with defaults and bounds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"
#include "schema/ids.h"

namespace dmp::local {

struct Options {
  std::string serial;  // of this RAE; also MQTT client id and certificate CN
  std::string database = "local-registry.db";
  std::string mqtt_uri = "ssl://127.0.0.1:8883";
  std::string mqtt_ca;
  std::string mqtt_certificate;
  std::string mqtt_key;
  std::string lan_interface;  // empty: no LAN sources
  std::string lease_file;     // empty: none
  std::string profiles = "profiles";
  std::vector<std::string> static_addresses;
  std::string script;  // empty: a real LAN
  std::string free_on = "confirm";
  std::string admin_address = "127.0.0.1";
  std::int64_t admin_port = 0;
  std::chrono::milliseconds probe_interval{30'000};
  std::chrono::milliseconds snapshot_interval{15 * 60'000};

  void declare(Settings& settings);
  [[nodiscard]] Status check() const;

  // REQUIRES: check() passed.
  [[nodiscard]] RaeSerial rae() const { return *RaeSerial::parse(serial); }
};

}  // namespace dmp::local
