// What a lane under test is put together from, besides its store.
#pragma once

#include "registry/lane.h"
#include "tests/registry/fakes.h"

namespace dmp::registry {

struct LaneParts {
  Lane lane_with(const LaneLimits& limits, DeviceStore& store) {
    return {
        0,
        {clock_, assignment_, dead_letters_, ingest_metrics_, troubles_, resyncs_, {1, 1}, limits},
        store};
  }

  SystemClock clock_;
  Metrics metrics_;
  IngestMetrics ingest_metrics_{metrics_};
  Troubles troubles_;
  Assignment assignment_{clock_};
  FakeDeadLetters dead_letters_;
  FakeResyncSender sender_;
  Resyncs resyncs_{clock_, sender_, ingest_metrics_};
  FakeSource source_;
};

}  // namespace dmp::registry
