#include "bridge/program.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/admin_port.h"
#include "base/log.h"
#include "bridge/adapters/kafka_commands.h"
#include "bridge/adapters/kafka_sink.h"
#include "bridge/adapters/paho_source.h"
#include "bridge/open_window.h"
#include "bridge/pump.h"
#include "schema/topics.h"

namespace dmp::bridge {

namespace {

// All that it writes to.
std::vector<std::string> kafka_topics(const Routes& routes) {
  std::vector<std::string> topics = routes.kafka_topics();
  topics.emplace_back(kafka::kDeadLetters);
  return topics;
}

}  // namespace

Status run_program(const Options& options, const std::stop_token& stop) {
  auto routes = Routes::make(uplink_routes());
  if (!routes) return tl::unexpected(routes.error());
  const SystemClock clock;
  Metrics metrics;
  Instruments instruments(metrics);
  Wake wake;
  const auto window = open_window(options, instruments);
  if (!window) return tl::unexpected(window.error());
  auto sink = std::make_unique<KafkaSink>(KafkaOptions{.brokers = options.kafka_brokers,
                                                       .client_id = options.name,
                                                       .ready_fd = wake.fd(),
                                                       .properties = {},
                                                       .topics = kafka_topics(*routes)});
  PahoSource source(mqtt_options(options, routes->filters()), **window, wake, clock);
  KafkaCommands commands({.brokers = options.kafka_brokers,
                          .client_id = options.name,
                          .group = "dmp-bridge-" + options.name,
                          .topic = std::string(kafka::kDeviceCommands)},
                         wake);
  Uplink uplink(options.name, *routes, **window, *sink, clock, instruments);
  Downlink downlink(options.name, commands, source, uplink.presences(), uplink.replies(), clock,
                    instruments);
  Pump pump(water_marks(options), std::random_device()(), uplink, downlink, **window, source, wake,
            clock, instruments);
  AdminPort admin(metrics, {.live = [&pump] { return pump.live(); },
                            .ready = [&pump] { return pump.ready(); }});
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) return tl::unexpected(port.error());
  log_info("started", {{"name", options.name}, {"version", DMP_VERSION}, {"admin_port", *port}});
  commands.run();
  pump.run(stop);
  commands.stop();
  admin.stop();
  // Before the records end that the producers may still be reading: replies and the heartbeat.
  sink.reset();
  return {};
}

}  // namespace dmp::bridge
