// dmp-bench-bridge: load for the bridge's bench, and what the bridge is compared with.
#include <atomic>
#include <cstdio>

#include "base/admin_port.h"
#include "base/settings.h"
#include "base/stop.h"
#include "bridge/core/route.h"
#include "bridge/options.h"
#include "tests/bench/bench_main.h"
#include "tests/bench/naive_bridge.h"
#include "tests/bench/publish_load.h"
#include "tests/bench/stored_load.h"
#include "tests/bench/through_load.h"

namespace {

struct Options {
  std::string command;
  std::string brokers;
  std::string name;
  dmp::bench::PublishLoad load;
  std::int64_t admin_port = 0;
};

void add_to(dmp::Settings& settings, Options& options) {
  constexpr std::int64_t kMost = 100'000'000;
  settings.commands(options.command,
                    {{"publish", "send the load to the MQTT broker"},
                     {"through", "the same, and tell how long until a reader of Kafka has it"},
                     {"check", "look in Kafka for the load: lost, duplicates, order breaks"},
                     {"naive", "be the bridge that produces and returns, until stopped"}});
  settings.add("brokers", options.brokers, "Kafka, host:port, by commas");
  settings.add("uri", options.load.uri, "MQTT broker, ssl://127.0.0.1:port");
  settings.add("pki", options.load.pki, "folder of ca.crt, and NAME.crt and NAME.key of each name");
  settings.add("name", options.name, "of the naive bridge: client id and certificate CN");
  settings.add("prefix", options.load.prefix, "agent n has the serial PREFIX-n");
  settings.add("agents", options.load.agents, "how many", 1, 1000);
  settings.add("sessions", options.load.sessions, "of each agent", 1, 1'000'000);
  settings.add("messages", options.load.messages, "how many", 1, kMost);
  settings.add("from", options.load.from, "number of the first message", 0, kMost);
  settings.add("per-second", options.load.per_second, "0: as fast as they are taken", 0, 1'000'000);
  settings.add("admin-port", options.admin_port, "of the naive bridge's metrics", 0, 65535);
}

dmp::Status naive(const Options& options, dmp::Stop& stop) {
  dmp::Metrics metrics;
  std::atomic<bool> subscribed = false;
  dmp::AdminPort admin(metrics, {.live =
                                     [] {
                                       return dmp::Verdict{true, "runs"};
                                     },
                                 .ready =
                                     [&] {
                                       return dmp::Verdict{subscribed, "subscribed or not"};
                                     }});
  if (const auto port = admin.run("127.0.0.1", static_cast<int>(options.admin_port)); !port) {
    return tl::unexpected(port.error());
  }
  const auto routes = dmp::bridge::Routes::make(dmp::bridge::uplink_routes());
  if (!routes) return tl::unexpected(routes.error());
  const std::string file = options.load.pki + "/" + options.name;
  stop.run();
  return dmp::bench::run_naive_bridge(
      {.uri = options.load.uri,
       .client_id = options.name,
       .ca_file = options.load.pki + "/ca.crt",
       .certificate_file = file + ".crt",
       .key_file = file + ".key",
       .filters = routes->filters(),
       .receive_max = static_cast<int>(dmp::bridge::kReceiveMax)},
      {.brokers = options.brokers, .client_id = options.name, .properties = {}}, metrics,
      subscribed, stop.token());
}

dmp::Status run(const Options& options, dmp::Stop& stop) {
  if (options.command == "publish") return dmp::bench::publish(options.load);
  if (options.command == "naive") return naive(options, stop);
  if (options.command == "through") {
    const auto took = dmp::bench::send_through(options.brokers, options.load);
    if (!took) return tl::unexpected(took.error());
    std::printf("%.3f %.3f\n", took->p50_ms, took->p99_ms);
    return {};
  }
  const auto found = dmp::bench::look_up(options.brokers, options.load);
  if (!found) return tl::unexpected(found.error());
  std::printf("%lld %lld %lld\n", static_cast<long long>(found->lost),
              static_cast<long long>(found->duplicates),
              static_cast<long long>(found->order_breaks));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  dmp::Stop stop;
  Options options;
  return dmp::bench::bench_main({.name = "dmp-bench-bridge",
                                 .about = "Load for the bridge's bench.",
                                 .declare = [&](auto& settings) { add_to(settings, options); },
                                 .run = [&] { return run(options, stop); }},
                                argc, argv);
}
