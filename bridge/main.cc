// dmp-bridge: turns MQTT messages into Kafka records and tells their senders when Kafka has them.
#include <exception>

#include "base/log.h"
#include "base/settings.h"
#include "base/stop.h"
#include "bridge/options.h"
#include "bridge/program.h"

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
    stop.run();
    const auto status = dmp::bridge::run_program(options, stop.token());
    if (status) return 0;
    dmp::log_error("not_started", {{"reason", status.error().message}});
    return 1;
  } catch (const std::exception& error) {
    dmp::log_error("unexpected_exception", {{"error", error.what()}});
    return 1;
  }
}
