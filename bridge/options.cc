#include "bridge/options.h"

#include <utility>

#include <unistd.h>

#include "base/endpoints.h"
#include "bridge/core/window_record.h"
#include "schema/ids.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::int64_t kMiB = 1'048'576;
// One more than can come: a record that does not fit before the ring's end leaves that room unused.
constexpr std::int64_t kHeadroom =
    (kHeadroomMessages + 1) * static_cast<std::int64_t>(kRecordBytesMax);

Status check_file(const std::string& setting, const std::string& path) {
  if (!path.empty() && access(path.c_str(), R_OK) == 0) return {};
  return fail("bad_setting",
              "setting " + setting + ": '" + path + "' cannot be read; name a PEM file");
}

Status check(const Options& options) {
  // The name is also a certificate's CN and a client id, so it follows the rule for serials.
  if (!RaeSerial::parse(options.name)) {
    return fail("bad_setting", "setting name: '" + options.name +
                                   "' is not a bridge name: 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  if (auto status = check_brokers("kafka-brokers", options.kafka_brokers); !status) return status;
  if (options.window_file.empty()) {
    return fail("bad_setting",
                "setting window-file: is empty; name a file of this bridge's own, or say memory");
  }
  if (options.mqtt_uri.starts_with("tcp://")) return {};
  if (!options.mqtt_uri.starts_with("ssl://")) {
    return fail("bad_setting", "setting mqtt-uri: '" + options.mqtt_uri +
                                   "' is neither ssl://host:port nor tcp://host:port");
  }
  if (auto status = check_file("mqtt-ca", options.mqtt_ca); !status) return status;
  if (auto status = check_file("mqtt-certificate", options.mqtt_certificate); !status) {
    return status;
  }
  return check_file("mqtt-key", options.mqtt_key);
}

}  // namespace

WaterMarks water_marks(const Options& options) {
  const auto high_bytes = static_cast<std::size_t>(options.window_bytes - kHeadroom);
  const auto high_messages = static_cast<std::size_t>(options.window_messages - kHeadroomMessages);
  return {.high_bytes = high_bytes,
          .low_bytes = high_bytes / 2,
          .high_messages = high_messages,
          .low_messages = high_messages / 2};
}

MqttOptions mqtt_options(const Options& options, std::vector<std::string> filters) {
  filters.push_back(bridge_echo_topic(options.name));
  return {.uri = options.mqtt_uri,
          .client_id = options.name,
          .ca_file = options.mqtt_ca,
          .certificate_file = options.mqtt_certificate,
          .key_file = options.mqtt_key,
          .filters = std::move(filters),
          .echo_topic = bridge_echo_topic(options.name),
          .marks = water_marks(options),
          .receive_max = static_cast<int>(kReceiveMax)};
}

void declare(Settings& settings, Options& options) {
  settings.add("name", options.name, "name of this bridge: MQTT client id and certificate CN");
  settings.add("mqtt-uri", options.mqtt_uri, "MQTT broker, ssl://host:port");
  settings.add("mqtt-ca", options.mqtt_ca, "file: certificate of the CA the broker is checked by");
  settings.add("mqtt-certificate", options.mqtt_certificate, "file: our certificate");
  settings.add("mqtt-key", options.mqtt_key, "file: our private key");
  settings.add("kafka-brokers", options.kafka_brokers, "Kafka brokers, host:port,host:port");
  settings.add("window-file", options.window_file,
               "file that keeps messages between MQTT and Kafka, on a local disk, for this bridge "
               "alone; memory: keep none, so that a kill loses what was acknowledged");
  settings.add("window-bytes", options.window_bytes,
               "room for messages between MQTT and Kafka; when it is nearly used up, the broker "
               "keeps what comes",
               kHeadroom + 4 * kMiB, 4096 * kMiB);
  settings.add("window-messages", options.window_messages, "the same as a number of messages",
               2 * kHeadroomMessages, 1'000'000);
  settings.add("admin-address", options.admin_address, "address of /livez, /readyz and /metrics");
  settings.add("admin-port", options.admin_port, "their port; 0 takes any free one", 0, 65535);
  settings.check([&options] { return check(options); });
}

}  // namespace dmp::bridge
