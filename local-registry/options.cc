#include "local-registry/options.h"

#include <arpa/inet.h>

namespace dmp::local {
namespace {

using std::chrono::milliseconds;

Status needed(const char* name, const std::string& value) {
  if (!value.empty()) return {};
  return fail("bad_setting", std::string("setting ") + name + " is empty; see --help");
}

Status no_lan_beside(const Options& options) {
  const char* other = !options.lan_interface.empty()      ? "lan-interface"
                      : !options.lease_file.empty()       ? "lease-file"
                      : !options.static_addresses.empty() ? "static"
                                                          : nullptr;
  if (options.script.empty() || other == nullptr) return {};
  return fail("bad_setting", std::string("setting script: a scripted LAN is instead of a real one; "
                                         "leave out script or ") +
                                 other);
}

Status check_address(const std::string& address) {
  in6_addr raw{};
  if (inet_pton(AF_INET, address.c_str(), &raw) == 1) return {};
  return fail("bad_setting", "setting static: '" + address + "' is no IPv4 address");
}

}  // namespace

void Options::declare(Settings& settings) {
  settings.add("serial", serial, "serial number of this RAE; the MQTT certificate's CN");
  settings.add("database", database, "SQLite file; made if it is not there");
  settings.add("mqtt-uri", mqtt_uri, "broker, ssl://HOST:PORT");
  settings.add("mqtt-ca", mqtt_ca, "certificate authority of the broker, PEM file");
  settings.add("mqtt-certificate", mqtt_certificate, "this RAE's certificate, PEM file");
  settings.add("mqtt-key", mqtt_key, "its private key, PEM file");
  settings.add("lan-interface", lan_interface, "bridge the devices are behind; empty: none");
  settings.add("lease-file", lease_file, "dnsmasq's lease file; empty: none");
  settings.add("profiles", profiles, "folder of probe profiles (*.json)");
  settings.add("static", static_addresses, "addresses to probe without seeing them on the LAN");
  settings.add("script", script, "file of devices and edits to play instead of a LAN; empty: none");
  settings.add("free-on", free_on,
               "what frees a sent change: confirm (Kafka has it) or puback (the broker took it; "
               "loses changes, only to show that it does)");
  settings.add("admin-address", admin_address, "where /livez, /readyz and /metrics are");
  settings.add("admin-port", admin_port, "its port; 0: any free one", 0, 65535);
  settings.add("probe-interval", probe_interval, "how often a device that answers is asked",
               milliseconds(500), milliseconds(3'600'000));
  settings.add("snapshot-interval", snapshot_interval, "how often a device is sent completely",
               milliseconds(1'000), milliseconds(24 * 3'600'000));
  settings.check([this] { return check(); });
}

Status Options::check() const {
  if (const auto rae = RaeSerial::parse(serial); !rae) {
    return tl::unexpected(rae.error().within("setting serial"));
  }
  if (auto status = needed("database", database); !status) return status;
  if (auto status = needed("profiles", profiles); !status) return status;
  if (!mqtt_uri.starts_with("ssl://")) {
    return fail("bad_setting",
                "setting mqtt-uri: expected ssl://HOST:PORT, got '" + mqtt_uri + "'");
  }
  if (auto status = needed("mqtt-ca", mqtt_ca); !status) return status;
  if (auto status = needed("mqtt-certificate", mqtt_certificate); !status) return status;
  if (auto status = needed("mqtt-key", mqtt_key); !status) return status;
  if (free_on != "confirm" && free_on != "puback") {
    return fail("bad_setting",
                "setting free-on: expected confirm or puback, got '" + free_on + "'");
  }
  if (auto status = no_lan_beside(*this); !status) return status;
  for (const std::string& address : static_addresses) {
    if (auto status = check_address(address); !status) return status;
  }
  return {};
}

}  // namespace dmp::local
