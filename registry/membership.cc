#include "registry/membership.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace dmp::registry {
namespace {

// Together below the 10 s that a stop may take, and below half a group session for a revocation.
constexpr std::chrono::milliseconds kFinishPatience{5000};
constexpr std::chrono::milliseconds kInterruptPatience{1000};
constexpr std::chrono::milliseconds kPollPatience{100};
constexpr std::chrono::milliseconds kObserveEvery{1000};
constexpr std::chrono::seconds kLagMax{60};  // from here on devices are shown as not known

}  // namespace

Membership::Membership(const Parts& parts) : parts_(parts), assignment_(parts.clock) {
  const Lane::Shared shared{parts.clock,    assignment_,   parts.dead_letters, parts.metrics,
                            parts.troubles, parts.resyncs, parts.share,        parts.limits};
  for (std::size_t number = 0; number < parts.share.count(); ++number) {
    stores_.push_back(parts.make_store());
    lanes_.push_back(std::make_unique<Lane>(number, shared, *stores_.back()));
  }
}

Status Membership::run(const std::stop_token& stop) {
  auto source = parts_.make_source(*this);
  if (!source) return tl::unexpected(source.error());
  std::vector<std::jthread> threads;
  threads.reserve(lanes_.size());
  for (const auto& lane : lanes_) {
    threads.emplace_back([&lane, &source] { lane->run(**source); });
  }
  const Status status = loop(**source, stop);
  leave(**source);
  return status;
}

Status Membership::loop(RecordSource& source, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (auto status = source.poll(kPollPatience); !status) return status;
    parts_.ticked();
    if (const auto offsets = assignment_.take_due(); !offsets.empty()) {
      parts_.metrics.commits.add();
      source.commit(offsets);
    }
    observe(source);
  }
  return {};
}

void Membership::observe(RecordSource& source) {
  const SteadyTime now = parts_.clock.steady();
  if (now - last_observation_ < kObserveEvery) return;
  last_observation_ = now;
  std::chrono::milliseconds most{0};
  const auto lags =
      assignment_.lags([&](const Partition& partition) { return source.end(partition); });
  for (const auto& lag : lags) {
    most = std::max(most, lag.behind);
    parts_.metrics.lag(lag.partition, lag.records, static_cast<double>(lag.behind.count()) / 1e3);
  }
  const Flow flow = source.flow();
  parts_.metrics.flowed(last_flow_, flow);
  last_flow_ = flow;
  parts_.metrics.uncommitted_age_seconds.set(
      static_cast<double>(assignment_.uncommitted_age().count()) / 1e3);
  const auto behind_s = std::chrono::duration_cast<std::chrono::seconds>(most).count();
  parts_.troubles.set(
      "lag", most > kLagMax ? "lagging " + std::to_string(behind_s) + " s" : std::string());
  const std::size_t unknown = assignment_.partitions() - lags.size();
  parts_.troubles.set("positions", unknown == 0 ? std::string()
                                                : "how far behind is not known yet for " +
                                                      std::to_string(unknown) + " partitions");
  std::string kafka = source.trouble();
  if (kafka.empty() && !assignment_.is_open()) kafka = "joining the consumer group";
  parts_.troubles.set("kafka", std::move(kafka));
}

void Membership::leave(RecordSource& source) {
  leaving_ = true;
  assignment_.end();
  if (!assignment_.all_left(kFinishPatience)) {
    log_warning("lanes_interrupted", {{"patience_ms", kFinishPatience.count()}});
    for (const auto& store : stores_) store->interrupt();
    assignment_.all_left(kInterruptPatience);
  }
  source.close();
}

void Membership::assigned(const std::vector<Start>& starts) {
  parts_.metrics.rebalances.add();
  const auto bound = parts_.memory.bytes(starts.size());
  parts_.metrics.memory_bound_bytes.set(static_cast<double>(bound));
  log_info("partitions_assigned", {{"count", starts.size()}, {"memory_bound_bytes", bound}});
  ours_.clear();
  for (const Start& start : starts) ours_.push_back(start.partition);
  count_expired(starts);
  assignment_.open(starts);
}

void Membership::located(const std::vector<Start>& starts) {
  count_expired(starts);
  assignment_.locate(starts);
}

void Membership::count_expired(const std::vector<Start>& starts) {
  for (const Start& start : starts) {
    if (start.expired == 0) continue;
    parts_.metrics.records_missing.add(static_cast<double>(start.expired));
    log_error("records_expired", {{"topic", start.partition.topic},
                                  {"partition", start.partition.number},
                                  {"records", start.expired},
                                  {"effect", "removed before they were read; history has a gap"}});
  }
}

std::vector<PartitionOffset> Membership::revoked() {
  if (!assignment_.close(leaving_ ? std::chrono::milliseconds(0) : kFinishPatience)) {
    log_warning("lanes_late", {{"effect", "their batches come again"}});
  }
  auto offsets = assignment_.take_last();
  for (const Partition& partition : ours_) parts_.metrics.given_up(partition);
  ours_.clear();
  log_info("partitions_revoked", {{"committing", offsets.size()}});
  return offsets;
}

void Membership::commit_answered(std::chrono::steady_clock::duration after) {
  assignment_.committed();
  parts_.metrics.commit_seconds.observe(std::chrono::duration<double>(after).count());
}

void Membership::commit_failed(const std::vector<PartitionOffset>& offsets) {
  parts_.metrics.commit_failures.add();
  assignment_.commit_failed(offsets);
}

}  // namespace dmp::registry
