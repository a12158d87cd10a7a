#include "registry/ingest_metrics.h"

#include <algorithm>
#include <array>

namespace dmp::registry {
namespace {

MetricLabels labels_of(const Partition& partition) {
  return {{"topic", std::string(partition.topic)}, {"partition", std::to_string(partition.number)}};
}

double at_least_0(std::int64_t number) {
  return static_cast<double>(std::max<std::int64_t>(0, number));
}

// Those of schema/codec.h, schema/topics.h, core/decode_record.h, and the database's.
constexpr std::array kRefusals = {
    "bad_field",           "bad_header",     "bad_serial",    "bad_topic",  "bad_uuid",
    "bridge_clock_behind", "clock_ahead",    "missing_field", "not_json",   "refused_by_database",
    "too_large",           "unknown_schema", "wrong_address", "wrong_topic"};

std::vector<SqlError> known_faults() {
  return {{SqlFault::kTransient, {}, {}},
          {SqlFault::kTransient, "40001", {}},
          {SqlFault::kTransient, "40003", {}},
          {SqlFault::kTransient, std::string(kStatementTookTooLong), {}},
          {SqlFault::kConfiguration, {}, {}}};
}

const std::vector<double> kRecordBounds = {1, 3, 10, 30, 100, 300, 1000};
const std::vector<double> kSecondBounds = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

}  // namespace

IngestMetrics::IngestMetrics(Metrics& metrics)
    : uncommitted_age_seconds(metrics.gauge("dmp_ingest_uncommitted_age_seconds",
                                            "Age of the oldest stored record whose commit Kafka "
                                            "has not answered")),
      memory_bound_bytes(metrics.gauge("dmp_ingest_memory_bound_bytes",
                                       "What the settings let ingest take, with its partitions")),
      commit_seconds(metrics.histogram("dmp_ingest_commit_seconds", "Asked to answered by Kafka",
                                       kSecondBounds)),
      commits(metrics.counter("dmp_ingest_commits_total", "Offset commit requests")),
      commit_failures(metrics.counter("dmp_ingest_commit_failures_total", "Of those, failed")),
      records_missing(metrics.counter("dmp_ingest_records_missing_total",
                                      "Removed or broken before they could be read")),
      rebalances(metrics.counter("dmp_ingest_rebalances_total", "Times partitions were assigned")),
      restarts(metrics.counter("dmp_ingest_restarts_total", "Times the consumer was made anew")),
      resyncs(metrics.counter("dmp_ingest_resyncs_total", "Agents told where the cloud stands")),
      resyncs_lost(metrics.counter("dmp_ingest_resyncs_lost_total",
                                   "Of whom the database or Kafka kept us from telling")),
      metrics_(metrics),
      batches_(metrics.counter("dmp_ingest_batches_total", "Batches stored")),
      rows_written_(metrics.counter("dmp_ingest_rows_written_total", "Rows made or changed")),
      rows_unchanged_(metrics.counter("dmp_ingest_rows_unchanged_total",
                                      "Folded rows that changed nothing: stale or duplicate")),
      events_added_(metrics.counter("dmp_ingest_events_added_total", "History rows added")),
      events_repeated_(metrics.counter("dmp_ingest_events_repeated_total",
                                       "History rows that were there: duplicate messages")),
      rows_behind_(metrics.counter("dmp_ingest_agents_behind_total",
                                   "Presences and rosters older than the stored one")),
      fetched_records_(
          metrics.gauge("dmp_ingest_fetched_records", "Sum of dmp_ingest_queue_records")),
      fetches_(metrics.counter("dmp_ingest_fetches_total", "Fetch requests to Kafka")),
      fetched_total_(metrics.counter("dmp_ingest_fetched_records_total", "Records they brought")),
      fetched_bytes_(metrics.counter("dmp_ingest_fetched_bytes_total", "Bytes of those")),
      coordinator_bytes_(metrics.counter("dmp_ingest_coordinator_sent_bytes_total",
                                         "To the group's coordinator: commits and heartbeats")),
      batch_records_(
          metrics.histogram("dmp_ingest_batch_records", "Records per batch", kRecordBounds)),
      batch_seconds_(
          metrics.histogram("dmp_ingest_batch_seconds", "Decode to stored", kSecondBounds)) {
  // A rise from nothing to 1 is no rise for who looks at rates: what is known stands at 0.
  for (const char* code : kRefusals) dead_lettered_by(code);
  for (const SqlError& error : known_faults()) retries_of(error);
}

void IngestMetrics::taken(const Partition& partition, std::size_t records) {
  metrics_.counter("dmp_ingest_records_total", "Records taken from Kafka", labels_of(partition))
      .add(static_cast<double>(records));
}

void IngestMetrics::credit(std::size_t lane, const Credit& left) {
  const MetricLabels labels = {{"lane", std::to_string(lane)}};
  metrics_.gauge("dmp_ingest_lane_credit_records", "Records a lane may still take", labels)
      .set(static_cast<double>(left.records));
  metrics_.gauge("dmp_ingest_lane_credit_bytes", "Bytes a lane may still take", labels)
      .set(static_cast<double>(left.bytes));
}

void IngestMetrics::stored(std::size_t records, const Rows& rows, const Written& written,
                           double seconds) {
  const std::int64_t changed = written.states + written.raes + written.bridges;
  const std::size_t offered = rows.count() - rows.updates.events.size();
  batches_.add();
  rows_written_.add(static_cast<double>(changed));
  rows_unchanged_.add(at_least_0(static_cast<std::int64_t>(offered) - changed));
  events_added_.add(static_cast<double>(written.events));
  events_repeated_.add(
      at_least_0(static_cast<std::int64_t>(rows.updates.events.size()) - written.events));
  rows_behind_.add(static_cast<double>(written.behind.size()));
  batch_records_.observe(static_cast<double>(records));
  batch_seconds_.observe(seconds);
}

void IngestMetrics::dead_lettered(const std::string& code) { dead_lettered_by(code).add(); }

Counter IngestMetrics::dead_lettered_by(const std::string& code) {
  return metrics_.counter("dmp_ingest_dead_lettered_total", "Records put in dead letters",
                          {{"code", code}});
}

void IngestMetrics::retried(const SqlError& error) { retries_of(error).add(); }

Counter IngestMetrics::retries_of(const SqlError& error) {
  return metrics_.counter(
      "dmp_ingest_retries_total", "Statements tried again, by their error",
      {{"class", std::string(name_of(error.fault))}, {"sqlstate", label_of(error)}});
}

void IngestMetrics::flowed(const Flow& before, const Flow& now) {
  fetches_.add(at_least_0(now.fetches - before.fetches));
  fetched_total_.add(at_least_0(now.records - before.records));
  fetched_bytes_.add(at_least_0(now.bytes - before.bytes));
  coordinator_bytes_.add(at_least_0(now.coordinator_bytes - before.coordinator_bytes));
  for (const QueueDepth& queue : before.queues) {
    const auto is_same = [&](const QueueDepth& other) {
      return other.partition == queue.partition;
    };
    if (std::ranges::none_of(now.queues, is_same)) queue_depth({queue.partition, 0, 0});
  }
  std::int64_t waiting = 0;
  for (const QueueDepth& queue : now.queues) {
    queue_depth(queue);
    waiting += queue.records;
  }
  fetched_records_.set(static_cast<double>(waiting));
}

void IngestMetrics::queue_depth(const QueueDepth& queue) {
  const MetricLabels labels = labels_of(queue.partition);
  metrics_
      .gauge("dmp_ingest_queue_records",
             "Records fetched from Kafka that no lane has taken, as of a second ago", labels)
      .set(static_cast<double>(queue.records));
  metrics_.gauge("dmp_ingest_queue_bytes", "Payload bytes of dmp_ingest_queue_records", labels)
      .set(static_cast<double>(queue.bytes));
}

void IngestMetrics::halted(std::size_t lane, bool is_halted) {
  metrics_
      .gauge("dmp_ingest_lane_halted", "1: too many bad records, it keeps its batch",
             {{"lane", std::to_string(lane)}})
      .set(is_halted ? 1 : 0);
}

void IngestMetrics::lag(const Partition& partition, std::int64_t records, double seconds) {
  const MetricLabels labels = labels_of(partition);
  metrics_.gauge("dmp_ingest_lag_records", "Records not stored yet", labels)
      .set(static_cast<double>(records));
  metrics_.gauge("dmp_ingest_lag_seconds", "Age of the oldest record not stored yet", labels)
      .set(seconds);
}

void IngestMetrics::given_up(const Partition& partition) {
  lag(partition, 0, 0);
  queue_depth({partition, 0, 0});
}

}  // namespace dmp::registry
