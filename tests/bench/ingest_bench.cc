// dmp-bench-ingest: load for the registry's benches, and what they are compared with.
#include <cstdio>

#include "base/admin_port.h"
#include "base/settings.h"
#include "base/stop.h"
#include "tests/bench/baseline.h"
#include "tests/bench/bench_main.h"
#include "tests/bench/feed.h"
#include "tests/bench/fill.h"

namespace {

struct Options {
  std::string command;
  std::string brokers;
  std::string database;
  std::string group = "dmp-baseline";
  dmp::bench::Load load;
  std::int64_t from = 0;
  std::int64_t per_second = 0;
  std::int64_t connections = 2;
  std::int64_t batch = 1000;
  std::int64_t admin_port = 0;
};

void add_to(dmp::Settings& settings, Options& options) {
  constexpr std::int64_t kRecordsMax = 100'000'000;
  settings.commands(options.command, {{"fill", "write the load to Kafka"},
                                      {"feed", "write the load to the database, from memory"},
                                      {"baseline", "consume record by record until stopped"}});
  settings.add("brokers", options.brokers, "host:port, by commas");
  settings.add("database", options.database, "libpq connection string");
  settings.add("group", options.group, "consumer group of the baseline");
  settings.add("records", options.load.records, "how many", 1, kRecordsMax);
  settings.add("sessions", options.load.sessions, "of how many sessions", 1, 1'000'000);
  settings.add("timed", options.load.timed, "each says in app_version when it was made");
  settings.add("from", options.from, "number of the first record", 0, kRecordsMax);
  settings.add("per-second", options.per_second, "rate of the fill; 0: all there is", 0, 1'000'000);
  settings.add("connections", options.connections, "of the feed", 1, 64);
  settings.add("batch", options.batch, "records a statement of the feed", 1, 100'000);
  settings.add("admin-port", options.admin_port, "of metrics, of fill and baseline", 0, 65535);
}

dmp::AdminChecks checks() {
  const auto runs = [] { return dmp::Verdict{true, "runs"}; };
  return {.live = runs, .ready = runs};
}

dmp::Status feed(const Options& options) {
  const auto cpu_s = dmp::bench::feed(options.database, options.load,
                                      static_cast<std::size_t>(options.connections),
                                      static_cast<std::size_t>(options.batch));
  if (!cpu_s) return tl::unexpected(cpu_s.error());
  std::printf("%.3f\n", *cpu_s);
  return {};
}

dmp::Status run(const Options& options, dmp::Stop& stop) {
  if (options.command == "feed") return feed(options);
  dmp::Metrics metrics;
  dmp::AdminPort admin(metrics, checks());
  if (const auto port = admin.run("127.0.0.1", static_cast<int>(options.admin_port)); !port) {
    return tl::unexpected(port.error());
  }
  stop.run();
  if (options.command == "fill") {
    return dmp::bench::fill(options.brokers, options.load, options.from, options.per_second,
                            metrics, stop.token());
  }
  return dmp::bench::run_baseline(options.brokers, options.group, options.database, metrics,
                                  stop.token());
}

}  // namespace

int main(int argc, char** argv) {
  dmp::Stop stop;
  Options options;
  return dmp::bench::bench_main({.name = "dmp-bench-ingest",
                                 .about = "Load for the registry's benches.",
                                 .declare = [&](auto& settings) { add_to(settings, options); },
                                 .run = [&] { return run(options, stop); }},
                                argc, argv);
}
