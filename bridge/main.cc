// dmp-bridge: turns MQTT messages into Kafka records and tells their senders when Kafka has them.
#include <exception>
#include <random>

#include "base/admin_port.h"
#include "base/log.h"
#include "base/stop.h"
#include "bridge/adapters/kafka_commands.h"
#include "bridge/adapters/kafka_sink.h"
#include "bridge/adapters/paho_source.h"
#include "bridge/open_window.h"
#include "bridge/options.h"
#include "bridge/pump.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

int failed(std::string_view event, const Error& error) {
  log_error(event, {{"reason", error.message}});
  return 1;
}

int run(Stop& stop, const Options& options) {
  auto routes = Routes::make(uplink_routes());
  if (!routes) return failed("bad_routes", routes.error());
  const SystemClock clock;
  Metrics metrics;
  Instruments instruments(metrics);
  Wake wake;
  const auto window = open_window(options, instruments);
  if (!window) return failed("window_failed", window.error());
  KafkaSink sink({.brokers = options.kafka_brokers,
                  .client_id = options.name,
                  .ready_fd = wake.fd(),
                  .properties = {}});
  PahoSource source(mqtt_options(options, routes->filters()), **window, wake, clock);
  KafkaCommands commands({.brokers = options.kafka_brokers,
                          .client_id = options.name,
                          .group = "dmp-bridge-" + options.name,
                          .topic = std::string(kafka::kDeviceCommands)},
                         wake);
  Uplink uplink(options.name, *routes, **window, sink, clock, instruments);
  Downlink downlink(options.name, commands, source, clock, instruments);
  Pump pump(water_marks(options), std::random_device()(), uplink, downlink, **window, source, wake,
            clock, instruments);
  AdminPort admin(metrics, {.live = [&pump] { return pump.live(); },
                            .ready = [&pump] { return pump.ready(); }});
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) return failed("admin_port_failed", port.error());
  log_info("started", {{"name", options.name}, {"version", DMP_VERSION}, {"admin_port", *port}});
  stop.run();
  commands.run();
  pump.run(stop.token());
  commands.stop();
  admin.stop();
  return 0;
}

}  // namespace
}  // namespace dmp::bridge

int main(int argc, char** argv) {
  dmp::Stop stop;
  dmp::bridge::Options options;
  dmp::Settings settings("dmp-bridge", "Turns MQTT messages into Kafka records.");
  dmp::bridge::declare(settings, options);
  if (const auto status = dmp::exit_status(settings.parse(argc, argv), "dmp-bridge")) {
    return *status;
  }
  dmp::log_start("dmp-bridge");
  try {
    return dmp::bridge::run(stop, options);
  } catch (const std::exception& error) {
    dmp::log_error("unexpected_exception", {{"error", error.what()}});
    return 1;
  }
}
