#include "bridge/core/progress.h"

#include "base/check.h"

namespace dmp::bridge {

std::uint64_t Progress::begin(std::int32_t partition, std::int64_t offset) {
  places_[partition].push_back({++last_ticket_, offset, false});
  partition_of_[last_ticket_] = partition;
  return last_ticket_;
}

std::optional<Progress::Step> Progress::done(std::uint64_t ticket) {
  const auto found = partition_of_.extract(ticket);
  if (found.empty()) return std::nullopt;
  const std::int32_t partition = found.mapped();
  std::deque<Place>& places = places_[partition];
  for (Place& place : places) {
    if (place.ticket == ticket) place.is_done = true;
  }
  std::optional<Step> step;
  while (!places.empty() && places.front().is_done) {
    step = Step{partition, places.front().offset + 1};
    places.pop_front();
  }
  return step;
}

void Progress::withdraw(std::uint64_t ticket) {
  DMP_CHECK(ticket == last_ticket_);
  const auto found = partition_of_.extract(ticket);
  DMP_CHECK(!found.empty());
  places_[found.mapped()].pop_back();
}

void Progress::clear() {
  partition_of_.clear();
  places_.clear();
}

}  // namespace dmp::bridge
