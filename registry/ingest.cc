#include "registry/ingest.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/stop.h"

namespace dmp::registry {
namespace {

constexpr BackoffLimits kRestart{std::chrono::seconds(1), std::chrono::seconds(30), 20};
constexpr std::chrono::seconds kHealthyLife{60};
constexpr std::chrono::seconds kTickMax{30};
constexpr std::chrono::milliseconds kTickEvery{1000};

}  // namespace

Ingest::Ingest(Parts parts)
    : clock_(parts.clock),
      metrics_(parts.metrics),
      resyncs_(parts.clock, parts.resyncs, metrics_),
      parts_{.clock = parts.clock,
             .metrics = metrics_,
             .troubles = troubles_,
             .dead_letters = parts.dead_letters,
             .resyncs = resyncs_,
             .make_source = std::move(parts.make_source),
             .make_store = std::move(parts.make_store),
             .share = parts.share,
             .limits = parts.limits,
             .memory = parts.memory,
             .ticked = [this] { last_tick_ = clock_.steady().time_since_epoch().count(); }},
      last_tick_(parts.clock.steady().time_since_epoch().count()) {
  troubles_.set("kafka", "joining the consumer group");
}

void Ingest::run(const std::stop_token& stop) {
  Backoff backoff(kRestart, static_cast<std::uint64_t>(clock_.wall_us()));
  while (!stop.stop_requested()) {
    const SteadyTime begin = clock_.steady();
    Membership membership(parts_);
    const Status status = membership.run(stop);
    if (status) continue;
    if (clock_.steady() - begin > kHealthyLife) backoff.reset();
    const auto delay = backoff.next();
    metrics_.restarts.add();
    troubles_.set("kafka", "Kafka down: " + status.error().message);
    log_error("consumer_restarts",
              {{"error", status.error().message}, {"delay_ms", delay.count()}});
    // A wait that is meant: whoever asks whether the loop turns must not take it for a hang.
    for (auto left = delay; left.count() > 0; left -= kTickEvery) {
      parts_.ticked();
      if (stopped_within(stop, std::min(left, kTickEvery))) return;
    }
    parts_.ticked();
  }
}

Verdict Ingest::ready() const {
  const std::string trouble = troubles_.text();
  return {trouble.empty(), trouble.empty() ? "ingest: up to date" : "ingest: " + trouble};
}

Verdict Ingest::live() const {
  const SteadyTime last{SteadyTime::duration(last_tick_.load())};
  const auto quiet = std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - last);
  if (quiet <= kTickMax) return {true, "ingest: turning"};
  return {false, "ingest: the loop has not turned for " + std::to_string(quiet.count()) + " s"};
}

}  // namespace dmp::registry
