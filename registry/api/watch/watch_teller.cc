#include "registry/api/watch/watch_teller.h"

#include <algorithm>
#include <utility>

namespace dmp::registry::api {

void WatchTeller::add(std::shared_ptr<WatchStream> stream) {
  if (stream->put_in_line()) waiting_.push_back(std::move(stream));
}

SteadyTime WatchTeller::next() const { return waiting_.empty() ? SteadyTime::max() : next_; }

void WatchTeller::tell(SteadyTime now) {
  const auto pauses = static_cast<std::size_t>(std::max<std::int64_t>(0, (now - next_) / kPause));
  const std::size_t most = std::min(kAtOnce * (1 + std::min(pauses, kAtOnceMax)), kAtOnceMax);
  for (std::size_t told = 0; told < most && !waiting_.empty(); ++told) {
    const std::shared_ptr<WatchStream> stream = std::move(waiting_.front());
    waiting_.pop_front();
    stream->leave_line();
    stream->notify();
  }
  next_ = now + kPause;
}

}  // namespace dmp::registry::api
