// Membership: one life of this program in the consumer group: a source, its lanes and their stores.
//
// run() is the loop thread; it starts the lanes and has joined them when it returns. A clean end
// commits everything that was stored, so that nothing is delivered twice.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "registry/assignment.h"
#include "registry/core/memory_bound.h"
#include "registry/lane.h"

namespace dmp::registry {

class Membership final : private AssignmentListener {
 public:
  using SourceFactory =
      std::function<Result<std::unique_ptr<RecordSource>>(AssignmentListener& listener)>;
  using StoreFactory = std::function<std::unique_ptr<DeviceStore>()>;

  struct Parts {
    const Clock& clock;
    IngestMetrics& metrics;
    Troubles& troubles;
    DeadLetters& dead_letters;
    Resyncs& resyncs;
    SourceFactory make_source;
    StoreFactory make_store;
    LaneShare share;
    LaneLimits limits;
    MemoryBound memory;
    std::function<void()> ticked;  // called by the loop at least every few 100 ms
  };

  explicit Membership(const Parts& parts);

  // Until a stop is asked for, or the source is finished: then the error that says why.
  Status run(const std::stop_token& stop);

 private:
  void assigned(const std::vector<Start>& starts) override;
  void located(const std::vector<Start>& starts) override;
  std::vector<PartitionOffset> revoked() override;
  void commit_failed(const std::vector<PartitionOffset>& offsets) override;
  void commit_answered(std::chrono::steady_clock::duration after) override;

  void count_expired(const std::vector<Start>& starts);
  Status loop(RecordSource& source, const std::stop_token& stop);
  void observe(RecordSource& source);
  void leave(RecordSource& source);

  const Parts& parts_;
  Assignment assignment_;
  std::vector<std::unique_ptr<DeviceStore>> stores_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Partition> ours_;
  Flow last_flow_;
  SteadyTime last_observation_{};
  bool leaving_ = false;
};

}  // namespace dmp::registry
