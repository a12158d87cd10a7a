// AgentMetrics: what dmp-local-registry tells Prometheus. Thread-safe, as Metrics is.
#pragma once

#include "base/metrics.h"

namespace dmp::local {

struct AgentMetrics {
  explicit AgentMetrics(Metrics& metrics);

  Gauge sessions;
  Gauge sessions_online;
  Gauge outbox_depth;
  Gauge unconfirmed;
  Gauge queue_depth;
  Counter sent;
  Counter resent;
  Counter confirmed;
  Counter refused;
  Counter undelivered;
  Counter connections;
  Counter connections_lost;
  Counter taken_over;
  Counter bad_messages;
  Counter resyncs;
  Counter foreign_stamps;
  Counter transactions;
  Counter store_errors;
  Counter watch_errors;
  Counter probes_refused;
  Gauge sessions_refused;
  Gauge identity_conflicts;
};

}  // namespace dmp::local
