#include "registry/janitor.h"

#include <limits>
#include <optional>

#include "base/backoff.h"
#include "base/log.h"
#include "base/stop.h"

namespace dmp::registry {
namespace {

constexpr WallTime kWhenever{std::numeric_limits<std::int64_t>::max()};

Counter removed(Metrics& metrics, const std::string& table) {
  return metrics.counter("dmp_janitor_removed_total", "Rows the janitor removed",
                         {{"table", table}});
}

}  // namespace

Janitor::Janitor(const Clock& clock, Metrics& metrics, Cleaner& cleaner, Limits limits)
    : clock_(clock),
      metrics_(metrics),
      cleaner_(cleaner),
      limits_(limits),
      next_history_(clock.steady()),
      events_removed_(removed(metrics, "device_event")),
      sessions_removed_(removed(metrics, "device_state")),
      canaries_removed_(removed(metrics, "rae")),
      audit_removed_(removed(metrics, "audit")),
      rounds_(metrics.counter("dmp_janitor_rounds_total", "Rounds that came to their end")),
      last_round_(metrics.gauge("dmp_janitor_last_round_timestamp_seconds",
                                "When the last of them ended, seconds since the epoch")) {}

void Janitor::run(const std::stop_token& stop) {
  const std::stop_callback interrupt(stop, [this] { cleaner_.interrupt(); });
  // Spread, so that instances started together do not clean together.
  Backoff pace({limits_.every, limits_.every, 20}, static_cast<std::uint64_t>(clock_.wall_us()));
  while (!stopped_within(stop, pace.next())) {
    const auto done = round(stop);
    if (stop.stop_requested()) return;
    if (done) {
      rounds_.add();
      last_round_.set(static_cast<double>(clock_.wall_us()) / 1e6);
      continue;
    }
    metrics_
        .counter("dmp_janitor_failures_total", "Rounds an error ended",
                 {{"class", std::string(name_of(done.error().fault))}})
        .add();
    log_warning("janitor_failed",
                {{"sqlstate", label_of(done.error())}, {"error", done.error().message}});
  }
}

SqlResult<bool> Janitor::round(const std::stop_token& stop) {
  auto done = clean_sessions(stop);
  if (done && *done) done = clean_canaries(stop);
  if (done && *done) done = clean_audit(stop);
  if (!done || !*done || clock_.steady() < next_history_) return done;
  done = clean_history(stop);
  if (done && *done) next_history_ = clock_.steady() + limits_.history_every;
  return done;
}

SqlResult<bool> Janitor::clean_sessions(const std::stop_token& stop) {
  std::optional<SessionAge> last;
  while (true) {
    const auto page = cleaner_.sessions(last);
    if (!page) return tl::unexpected(page.error());
    const auto gone = to_purge(*page, limits_.retention, {clock_.wall_us()});
    if (!gone.empty()) {
      const auto count = cleaner_.remove_sessions(gone);
      if (!count) return tl::unexpected(count.error());
      sessions_removed_.add(static_cast<double>(*count));
    }
    if (page->size() < Cleaner::kPage) return true;
    last = page->back();
    if (stopped_within(stop, limits_.pause)) return false;
  }
}

SqlResult<bool> Janitor::clean_canaries(const std::stop_token& stop) {
  const WallTime heard_before{clock_.wall_us() - Retention::kCanary.count()};
  return remove_all(stop, canaries_removed_,
                    [&] { return cleaner_.remove_canaries(heard_before); });
}

SqlResult<bool> Janitor::clean_audit(const std::stop_token& stop) {
  const WallTime written_before{clock_.wall_us() - Retention::kAudit.count()};
  return remove_all(stop, audit_removed_, [&] { return cleaner_.remove_audit(written_before); });
}

SqlResult<bool> Janitor::remove_all(const std::stop_token& stop, Counter& removed,
                                    const std::function<SqlResult<std::int64_t>()>& remove_page) {
  while (true) {
    const auto count = remove_page();
    if (!count) return tl::unexpected(count.error());
    removed.add(static_cast<double>(*count));
    if (static_cast<std::size_t>(*count) < Cleaner::kPage) return true;
    if (stopped_within(stop, limits_.pause)) return false;
  }
}

SqlResult<bool> Janitor::clean_history(const std::stop_token& stop) {
  HistoryWalk walk(limits_.retention, {clock_.wall_us()});
  std::optional<EventKey> last;
  const auto remove = [&](const std::vector<EventKey>& keys, WallTime before) -> SqlResult<void> {
    if (keys.empty()) return {};
    const auto count = cleaner_.remove_events(keys, before);
    if (!count) return tl::unexpected(count.error());
    events_removed_.add(static_cast<double>(*count));
    return {};
  };
  while (true) {
    const auto page = cleaner_.events(last);
    if (!page) return tl::unexpected(page.error());
    const auto verdict = walk.judge(*page);
    auto kept = remove(verdict.surplus, kWhenever);
    if (kept) kept = remove(verdict.old, walk.received_before());
    if (!kept) return tl::unexpected(kept.error());
    if (page->size() < Cleaner::kPage) return true;
    last = page->back();
    if (stopped_within(stop, limits_.pause)) return false;
  }
}

}  // namespace dmp::registry
