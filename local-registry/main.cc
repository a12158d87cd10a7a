#include <cstdio>

#include <malloc.h>

#include "base/admin_port.h"
#include "base/log.h"
#include "base/stop.h"
#include "local-registry/options.h"
#include "local-registry/program.h"

int main(int argc, char** argv) {
  using namespace dmp;
  // Each arena keeps memory of its own; six threads that hardly allocate need no more than one.
  mallopt(M_ARENA_MAX, 1);
  Stop stop;
  local::Options options;
  Settings settings("dmp-local-registry",
                    "The agent of a RAE: knows its devices and reports them.");
  options.declare(settings);
  const auto parsed = settings.parse(argc, argv);
  if (const auto status = exit_status(parsed, "dmp-local-registry")) return *status;
  log_start("dmp-local-registry");
  try {
    stop.run();
    if (const auto status = local::run_program(options, stop.token()); !status) {
      log_error("cannot_run", {{"error", status.error().message}});
      return 1;
    }
  } catch (const std::exception& error) {
    log_error("unexpected_exception", {{"error", error.what()}});
    return 1;
  }
  log_info("stopped");
  return 0;
}
