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
  // A batch was stored: `offered` rows were sent, of which some changed nothing.
  void stored(std::size_t records, std::size_t offered, const Written& written, double seconds);
  void dead_lettered(const std::string& code);
  void retried(SqlFault fault);
  void halted(std::size_t lane, bool is_halted);
  void lag(const Partition& partition, std::int64_t records, double seconds);

  Gauge fetched_records;
  Gauge uncommitted_age_seconds;
  Counter commits;
  Counter commit_failures;
  Counter rebalances;
  Counter restarts;
  Counter resyncs;
  Counter resyncs_lost;

 private:
  Metrics& metrics_;
  Counter batches_;
  Counter rows_written_;
  Counter rows_unchanged_;
  Counter events_added_;
  Histogram batch_records_;
  Histogram batch_seconds_;
};

}  // namespace dmp::registry
