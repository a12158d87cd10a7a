// WatchTeller: which streams are still to be told that their view has changed, a few at a time.
//
// A list that hundreds watch would otherwise wake hundreds of connections at once, and whoever asks
// for something then waits behind all of their writes, here and at the edge. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>

#include "base/clock.h"
#include "registry/api/watch/watch_stream.h"

namespace dmp::registry::api {

class WatchTeller {
 public:
  // 500 clients within 0.15 s, of the 0.4 s that a change may take.
  static constexpr std::size_t kAtOnce = 7;
  static constexpr std::chrono::milliseconds kPause{2};
  // To make up for what the hub has read meanwhile, and at first after a rest.
  static constexpr std::size_t kAtOnceMax = 50;

  // It is told once, however often it is added meanwhile.
  void add(std::shared_ptr<WatchStream> stream);

  // When tell() should be called next; SteadyTime::max() if nobody waits.
  [[nodiscard]] SteadyTime next() const;

  // Tells the next few, those who have waited longest first.
  void tell(SteadyTime now);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  std::deque<std::shared_ptr<WatchStream>> waiting_;
  SteadyTime next_{};
};

}  // namespace dmp::registry::api
