#include "registry/serve.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/admin_port.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "registry/adapters/kafka_dead_letters.h"
#include "registry/adapters/kafka_resyncs.h"
#include "registry/adapters/kafka_source.h"
#include "registry/adapters/pqxx_cleaner.h"
#include "registry/adapters/pqxx_store.h"
#include "registry/api/api_server.h"
#include "registry/ingest.h"
#include "registry/janitor.h"
#include "registry/watch_nudge.h"

namespace dmp::registry {
namespace {

// A batch, decoded, is about three times what it was (lane.h).
constexpr std::int64_t kBatchCopies = 4;
// Code, libraries, threads and connections of a program that has nothing to do (measured: 23).
constexpr std::int64_t kProgramBytes = std::int64_t{24} * 1024 * 1024;

MemoryBound memory_of(const KafkaSourceOptions& source, const LaneLimits& limits,
                      Metrics& metrics) {
  metrics.gauge("dmp_ingest_queue_records_max", "Bound of dmp_ingest_queue_records")
      .set(static_cast<double>(source.queued_records_max));
  metrics
      .gauge("dmp_ingest_queue_bytes_max",
             "Bound of dmp_ingest_queue_bytes; a fetch under way may add its own size")
      .set(static_cast<double>(source.queued_kib_max * 1024));
  metrics.gauge("dmp_ingest_lane_credit_records_max", "Bound of dmp_ingest_lane_credit_records")
      .set(static_cast<double>(limits.batch.records));
  metrics.gauge("dmp_ingest_lane_credit_bytes_max", "Bound of dmp_ingest_lane_credit_bytes")
      .set(static_cast<double>(limits.batch.bytes));
  const auto lanes = static_cast<std::int64_t>(source.share.count());
  const MemoryBound bound{kProgramBytes +
                              lanes * kBatchCopies * static_cast<std::int64_t>(limits.batch.bytes) +
                              KafkaDeadLetters::kQueuedKibMax * 1024,
                          fetched_bytes_max(source, 1)};
  log_info("memory_bound", {{"fixed_bytes", bound.fixed_bytes},
                            {"per_partition_bytes", bound.per_partition_bytes}});
  return bound;
}

Ingest::Parts parts_of(const Options& options, const Clock& clock, Metrics& metrics,
                       DeadLetters& dead_letters, ResyncSender& resyncs) {
  KafkaSourceOptions source;
  source.brokers = options.kafka_brokers;
  source.group = options.kafka_group;
  source.instance = options.kafka_instance;
  source.share = {static_cast<std::size_t>(options.update_lanes),
                  static_cast<std::size_t>(options.agent_lanes)};
  const LaneLimits limits{.poison = {.percent = static_cast<std::size_t>(options.poison_percent)},
                          .beats = options.beat};
  return {
      .clock = clock,
      .metrics = metrics,
      .dead_letters = dead_letters,
      .resyncs = resyncs,
      .make_source =
          [source](AssignmentListener& listener) { return KafkaSource::make(source, listener); },
      .make_store = [database = options.database] { return std::make_unique<PqxxStore>(database); },
      .share = source.share,
      .limits = limits,
      .memory = memory_of(source, limits, metrics)};
}

// The roles this instance plays; a role it does not play is not there.
struct Roles {
  std::unique_ptr<DeadLetters> dead_letters;
  std::unique_ptr<ResyncSender> resyncs;
  std::unique_ptr<Cleaner> cleaner;
  std::optional<Janitor> janitor;
  std::optional<Ingest> ingest;
  std::optional<ApiServer> api;

  [[nodiscard]] Verdict live() const { return ingest ? ingest->live() : Verdict{true, "api"}; }

  [[nodiscard]] Verdict ready() const {
    Verdict all{true, {}};
    const auto add = [&all](const Verdict& one) {
      all.good = all.good && one.good;
      all.reason += (all.reason.empty() ? "" : "; ") + one.reason;
    };
    if (ingest) add(ingest->ready());
    if (api) add(api->ready());
    return all;
  }
};

Status start(Roles& roles, const Options& options, const Clock& clock, Metrics& metrics) {
  if (options.has_role("ingest")) {
    auto dead_letters = KafkaDeadLetters::make(options.kafka_brokers);
    if (!dead_letters) return tl::unexpected(dead_letters.error());
    roles.dead_letters = std::move(*dead_letters);
    auto resyncs = KafkaResyncs::make(options.kafka_brokers, metrics);
    if (!resyncs) return tl::unexpected(resyncs.error());
    roles.resyncs = std::move(*resyncs);
    roles.cleaner = std::make_unique<PqxxCleaner>(options.database);
    roles.janitor.emplace(clock, metrics, *roles.cleaner,
                          Janitor::Limits{.retention = options.retention()});
    Ingest::Parts parts = parts_of(options, clock, metrics, *roles.dead_letters, *roles.resyncs);
    parts.make_store = [make = parts.make_store, &roles] {
      return std::make_unique<NudgingStore>(make(), [&roles] {
        if (roles.api) roles.api->nudge();
      });
    };
    roles.ingest.emplace(std::move(parts));
  }
  if (!options.has_role("api")) return {};
  ApiOptions api = options.api;
  api.database = options.database;
  api.retention = options.retention();
  roles.api.emplace(std::move(api), metrics);
  return roles.api->run();
}

// The edge asks for the API alone: a list that says `registry_behind` is better than none.
AdminChecks checks_of(const Roles& roles) {
  AdminChecks checks{.live = [&] { return roles.live(); }, .ready = [&] { return roles.ready(); }};
  if (roles.api) checks.parts["api"] = [&] { return roles.api->ready(); };
  return checks;
}

void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

}  // namespace

Status serve(const Options& options, Stop& stopping) {
  const std::stop_token stop = stopping.token();
  const SystemClock clock;
  Metrics metrics;
  Roles roles;
  if (auto status = start(roles, options, clock, metrics); !status) return status;
  AdminChecks checks = checks_of(roles);
  checks.stop = [&stopping] {
    log_info("stop_requested", {{"by", "admin port"}});
    stopping.request();
  };
  AdminPort admin(metrics, std::move(checks));
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) return tl::unexpected(port.error());
  log_info("started", {{"admin_port", *port},
                       {"api_port", roles.api ? roles.api->port() : 0},
                       {"version", DMP_VERSION}});
  {
    // All have the same 10 s to finish, so they stop side by side.
    const std::jthread api([&] {
      wait_for(stop);
      if (roles.api) roles.api->stop();
    });
    const std::jthread janitor([&] {
      if (roles.janitor) roles.janitor->run(stop);
    });
    if (roles.ingest) roles.ingest->run(stop);
  }
  admin.stop();
  log_info("stopped");
  return {};
}

}  // namespace dmp::registry
