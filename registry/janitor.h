// Janitor: keeps history, dead sessions and the audit bounded (core/retention.h), a page at a time.
//
// Between two statements it pauses; a stop ends it at once, within a statement too. Any number of
// janitors may clean one database: what one has removed the others do not find. An error ends the
// round; the next one begins anew.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "base/metrics.h"
#include "registry/cleaner.h"

namespace dmp::registry {

class Janitor {
 public:
  struct Limits {
    Retention retention;
    std::chrono::milliseconds pause{100};
    std::chrono::milliseconds every = std::chrono::minutes(10);
    std::chrono::milliseconds history_every = std::chrono::hours(1);  // reads all its keys
  };

  // The references must outlive it.
  Janitor(const Clock& clock, Metrics& metrics, Cleaner& cleaner, Limits limits);

  void run(const std::stop_token& stop);

 private:
  // A walk of all pages; true at its end, false if stopped.
  SqlResult<bool> clean_sessions(const std::stop_token& stop);
  SqlResult<bool> clean_canaries(const std::stop_token& stop);
  SqlResult<bool> clean_audit(const std::stop_token& stop);
  SqlResult<bool> clean_history(const std::stop_token& stop);
  SqlResult<bool> round(const std::stop_token& stop);
  // Until `remove_page` finds less than a page.
  SqlResult<bool> remove_all(const std::stop_token& stop, Counter& removed,
                             const std::function<SqlResult<std::int64_t>()>& remove_page);

  const Clock& clock_;
  Metrics& metrics_;
  Cleaner& cleaner_;
  const Limits limits_;
  SteadyTime next_history_;
  Counter events_removed_;
  Counter sessions_removed_;
  Counter canaries_removed_;
  Counter audit_removed_;
  Counter rounds_;
  Gauge last_round_;
};

}  // namespace dmp::registry
