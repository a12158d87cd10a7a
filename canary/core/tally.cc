#include "canary/core/tally.h"

#include <algorithm>

namespace dmp::canary {
namespace {

constexpr std::size_t kReasonsMax = 32;

std::size_t index_of(Stage stage) { return static_cast<std::size_t>(stage); }

std::size_t second_of(Micros at) {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(at).count();
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(second, 0, static_cast<std::int64_t>(Tally::kSecondsMax) - 1));
}

}  // namespace

void Reasons::add(const std::string& reason) {
  const bool fits = counts_.size() < kReasonsMax || counts_.contains(reason);
  ++counts_[fits ? reason : "other"];
}

std::int64_t Reasons::total() const {
  std::int64_t sum = 0;
  for (const auto& [reason, count] : counts_) sum += count;
  return sum;
}

void ConnectFailures::add(const ConnectFailure& failure) {
  reasons_.add(failure.why);
  if (reasons_.all().contains(failure.why)) steps_.emplace(failure.why, failure.step);
}

std::optional<ConnectFailure> ConnectFailures::foremost() const {
  std::optional<ConnectFailure> found;
  std::int64_t most = 0;
  for (const auto& [why, step] : steps_) {
    const std::int64_t count = reasons_.all().at(why);
    if (step == ConnectStep::kNeverBegun || count <= most) continue;
    most = count;
    found = ConnectFailure{step, why};
  }
  return found;
}

LatencyHistogram& Tally::histogram(Stage stage) { return histograms_[index_of(stage)]; }
const LatencyHistogram& Tally::histogram(Stage stage) const { return histograms_[index_of(stage)]; }

Second& Tally::second(Micros at) {
  const std::size_t number = second_of(at);
  if (seconds_.size() <= number) seconds_.resize(number + 1);
  return seconds_[number];
}

void Tally::reached(Stage stage, Micros due, Micros at) {
  const Micros took = at - due;
  histogram(stage).record(took);
  Micros& worst = second(at).worst[index_of(stage)];
  worst = std::max(worst, took);
}

void Tally::add_figures(Figures& figures) const {
  for (std::size_t stage = 0; stage < kStageCount; ++stage) {
    add_stage(figures, kStages[stage], histograms_[stage]);
  }
  add_stage(figures, "connect_without_retransmit", connect_without_retransmit);
  const std::pair<const char*, std::int64_t> counts[] = {{"connected", connected},
                                                         {"retransmitted", retransmitted},
                                                         {"subscribed", subscribed},
                                                         {"suback_refused", suback_refused},
                                                         {"sent", sent},
                                                         {"unsent", unsent},
                                                         {"acknowledged", acknowledged},
                                                         {"not_taken", not_taken},
                                                         {"forbidden", forbidden},
                                                         {"confirmed", confirmed},
                                                         {"rejected", rejected},
                                                         {"lost", lost},
                                                         {"duplicates", duplicates},
                                                         {"reordered", reordered},
                                                         {"unknown_confirmations", unknown},
                                                         {"left", left},
                                                         {"forced", forced},
                                                         {"refused", refused.total()},
                                                         {"disconnected", disconnected.total()}};
  for (const auto& [name, count] : counts) figures[name] = static_cast<double>(count);
  if (not_visible) figures["not_visible"] = static_cast<double>(*not_visible);
}

}  // namespace dmp::canary
