#include "tests/bench/bench_main.h"

#include <cstdio>
#include <exception>

#include "base/log.h"

namespace dmp::bench {

int bench_main(const BenchProgram& program, int argc, const char* const* argv) {
  log_start(program.name);
  Settings settings(program.name, program.about);
  program.declare(settings);
  if (const auto status = exit_status(settings.parse(argc, argv), program.name)) return *status;
  std::string why;
  try {
    const auto status = program.run();
    if (status) return 0;
    why = status.error().message;
  } catch (const std::exception& error) {
    why = error.what();
  }
  std::fprintf(stderr, "%s: %s\n", program.name.c_str(), why.c_str());
  return 1;
}

}  // namespace dmp::bench
