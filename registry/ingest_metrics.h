// IngestMetrics: the series of the ingest role. Thread-safe, as its handles are.
#pragma once

#include <string>

#include "base/metrics.h"
#include "registry/core/record.h"
#include "registry/core/sqlstate.h"
#include "registry/ports.h"

namespace dmp::registry {

class IngestMetrics {
 public:
  explicit IngestMetrics(Metrics& metrics);

  void taken(const Partition& partition, std::size_t records);
  // What a lane may still take before it has stored what it holds.
  void credit(std::size_t lane, const Credit& left);
  // A batch was stored: these rows were sent, of which some changed nothing.
  void stored(std::size_t records, const Rows& rows, const Written& written, double seconds);
  void dead_lettered(const std::string& code);
  void retried(const SqlError& error);
  void halted(std::size_t lane, bool is_halted);
  // What came between two looks at one consumer.
  void flowed(const Flow& before, const Flow& now);
  void lag(const Partition& partition, std::int64_t records, double seconds);
  // Another member's from now on: what is told of it ends at 0.
  void given_up(const Partition& partition);

  Gauge uncommitted_age_seconds;
  Gauge memory_bound_bytes;
  Histogram commit_seconds;
  Counter commits;
  Counter commit_failures;
  Counter records_missing;
  Counter rebalances;
  Counter restarts;
  Counter resyncs;
  Counter resyncs_lost;

 private:
  Counter dead_lettered_by(const std::string& code);
  Counter retries_of(const SqlError& error);
  void queue_depth(const QueueDepth& queue);

  Metrics& metrics_;
  Counter batches_;
  Counter rows_written_;
  Counter rows_unchanged_;
  Counter events_added_;
  Counter events_repeated_;
  Counter rows_behind_;
  Gauge fetched_records_;
  Counter fetches_;
  Counter fetched_total_;
  Counter fetched_bytes_;
  Counter coordinator_bytes_;
  Histogram batch_records_;
  Histogram batch_seconds_;
};

}  // namespace dmp::registry
