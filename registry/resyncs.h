// Resyncs: tells agents whose stamps the cloud ignores where it stands, so that they go on above
// it.
//
// Never waits for Kafka. What fails is lost and counted: such an agent is heard again within a
// minute. Thread-safe.
#pragma once

#include <mutex>
#include <vector>

#include "base/clock.h"
#include "registry/core/resync_pace.h"
#include "registry/ingest_metrics.h"
#include "registry/ports.h"

namespace dmp::registry {

class Resyncs {
 public:
  static constexpr std::chrono::microseconds kExpiry = std::chrono::seconds(60);

  // The references must outlive it.
  Resyncs(const Clock& clock, ResyncSender& sender, IngestMetrics& metrics)
      : clock_(clock), sender_(sender), metrics_(metrics) {}

  // `behind`: whose stamps were just found to be ignored. Asks `store` for the floors.
  void tell(const std::vector<Sender>& behind, DeviceStore& store);

 private:
  const Clock& clock_;
  ResyncSender& sender_;
  IngestMetrics& metrics_;
  std::mutex mutex_;
  ResyncPace pace_;  // protected by mutex_
};

}  // namespace dmp::registry
