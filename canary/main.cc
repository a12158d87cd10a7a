// dmp-canary: thousands of short-lived MQTT clients, and a verdict on the platform that bore them.
#include <exception>

#include "base/log.h"
#include "base/settings.h"
#include "base/stop.h"
#include "canary/core/report.h"
#include "canary/options.h"
#include "canary/program.h"

int main(int argc, char** argv) {
  dmp::Stop stop;
  dmp::canary::Options options;
  dmp::Settings settings("dmp-canary",
                         "Floods the control plane with MQTT clients and says what gave way.");
  options.declare(settings);
  settings.check([&options] { return dmp::canary::check_surroundings(options); });
  if (const auto status = dmp::exit_status(settings.parse(argc, argv), "dmp-canary")) {
    return *status;
  }
  dmp::log_start("dmp-canary");
  try {
    stop.run();
    return dmp::canary::run_program(options, stop.token());
  } catch (const std::exception& error) {
    dmp::log_error("unexpected_exception", {{"error", error.what()}});
    return dmp::canary::kInternal;
  }
}
