#include <cstdio>
#include <exception>

#include "base/log.h"
#include "base/settings.h"
#include "base/stop.h"
#include "registry/adapters/pqxx_migrations.h"
#include "registry/check_database.h"
#include "registry/options.h"
#include "registry/serve.h"

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 loses the answer it was given when it finds that the connection is gone. The tests'
// programs have the same (tests/fixtures/postgres.cc).
extern "C" const char* __lsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:PQmakeEmptyPGresult\n";
}
#endif

namespace {

constexpr const char* kProgram = "dmp-registry";

int migrate(const dmp::registry::Options& options) {
  const auto applied = dmp::registry::migrate(options.database);
  if (!applied) {
    std::fprintf(stderr, "%s: migrate: %s\n", kProgram, applied.error().message.c_str());
    return 1;
  }
  for (const std::string& name : *applied) std::printf("applied %s\n", name.c_str());
  if (applied->empty()) std::printf("the database is up to date\n");
  return 0;
}

int play(const dmp::registry::Options& options, dmp::Stop& stop) {
  stop.run();
  const auto status = dmp::registry::serve(options, stop);
  if (status) return 0;
  std::fprintf(stderr, "%s: %s\n", kProgram, status.error().message.c_str());
  return 1;
}

int check(const dmp::registry::Options& options, dmp::Stop& stop) {
  stop.run();
  return dmp::registry::check_database(options, stop.token());
}

}  // namespace

int main(int argc, char** argv) {
  dmp::Stop stop;
  dmp::log_start(kProgram);
  dmp::registry::Options options;
  dmp::Settings settings(kProgram,
                         "Keeps the cloud's device list true: Kafka in, SQL and REST out.");
  add_to(settings, options);
  if (const auto status = exit_status(settings.parse(argc, argv), kProgram)) return *status;
  try {
    if (options.command == "migrate") return migrate(options);
    return options.command == "verify" ? check(options, stop) : play(options, stop);
  } catch (const std::exception& error) {
    dmp::log_error("unexpected_exception", {{"error", error.what()}});
    return 1;
  }
}
