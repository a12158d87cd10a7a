// Ingest: keeps the database up to date with what Kafka holds.
//
// run() takes part in the consumer group until a stop is asked for. It begins a new membership
// only when Kafka declares the old one dead (fenced, or a fatal client state), after 1 to 30 s.
#pragma once

#include <atomic>
#include <stop_token>

#include "base/admin_port.h"
#include "registry/membership.h"

namespace dmp::registry {

class Ingest {
 public:
  struct Parts {
    const Clock& clock;
    Metrics& metrics;
    DeadLetters& dead_letters;
    ResyncSender& resyncs;
    Membership::SourceFactory make_source;
    Membership::StoreFactory make_store;
    LaneShare share;
    LaneLimits limits;
    MemoryBound memory = {};
  };

  explicit Ingest(Parts parts);

  void run(const std::stop_token& stop);

  // Thread-safe.
  [[nodiscard]] Verdict ready() const;
  [[nodiscard]] Verdict live() const;

 private:
  const Clock& clock_;
  IngestMetrics metrics_;
  Troubles troubles_;
  Resyncs resyncs_;
  Membership::Parts parts_;
  std::atomic<SteadyTime::rep> last_tick_;
};

}  // namespace dmp::registry
