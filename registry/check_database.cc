#include "registry/check_database.h"

#include <cstdio>
#include <map>
#include <string>

#include "base/clock.h"
#include "registry/adapters/kafka_replay.h"
#include "registry/adapters/pqxx_scratch.h"
#include "registry/core/comparison.h"

namespace dmp::registry {
namespace {

constexpr std::size_t kShown = 20;
constexpr int kDiffers = 1;
constexpr int kNotKnown = 3;

void print(const char* title, const std::vector<Difference>& differences) {
  std::map<std::string, int> counts;
  for (const Difference& each : differences) ++counts[each.table];
  std::printf("%s: %zu rows\n", title, differences.size());
  for (const auto& [table, count] : counts) {
    std::printf("  %-16s %d%s\n", table.c_str(), count, count == kDifferencesMax ? " or more" : "");
  }
  for (std::size_t i = 0; i < differences.size() && i < kShown; ++i) {
    const Difference& each = differences[i];
    std::printf("  %s %s: %s\n", each.table.c_str(), each.key.c_str(), each.what.c_str());
  }
  if (differences.size() > kShown) std::printf("  and %zu more\n", differences.size() - kShown);
}

int failed(const std::string& why) {
  std::fprintf(stderr, "dmp-registry: verify: %s\n", why.c_str());
  return kNotKnown;
}

}  // namespace

int check_database(const Options& options, const std::stop_token& stop) {
  const SystemClock clock;
  auto scratch =
      PqxxScratch::make(options.database, options.retention(), WallTime{clock.wall_us()});
  if (!scratch) return failed("setting database: " + scratch.error().message);
  PqxxStore live(options.database, "dmp-registry-verify");
  const KafkaReplayOptions replay{.brokers = options.kafka_brokers, .group = options.kafka_group};
  const auto done = verify({.make_replay = [&] { return KafkaReplay::make(replay); },
                            .scratch = **scratch,
                            .live = options.repair ? &live : nullptr},
                           stop);
  if (!done && done.error().code == "kafka") {
    return failed("Kafka down: " + done.error().message + "; setting kafka-brokers: see whether '" +
                  options.kafka_brokers + "' is its address, and whether it runs there");
  }
  if (!done) return failed(done.error().message);
  std::printf("replayed: %lld records, %lld of them refused\n",
              static_cast<long long>(done->records), static_cast<long long>(done->refused));
  print("found behind the topics", done->found);
  if (options.repair && !done->found.empty()) print("left after the repair", done->left);
  return done->holds() ? 0 : kDiffers;
}

}  // namespace dmp::registry
