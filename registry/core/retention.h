// Retention: which rows the database need not keep any longer. Pure.
//
// History: a row older than `history`, and all but the newest `rows` of a session. Sessions: one
// that its RAE's rosters have left out for as long as `history` - by the RAE's own stamps, so no
// two clocks are compared, and a RAE that is lost keeps all it had. A replay of the topics makes
// such a session again, as invisible as before. What the canary left goes after an hour, the audit
// after 90 days.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "schema/facets.h"
#include "schema/ids.h"

namespace dmp::registry {

struct Retention {
  std::chrono::microseconds history = std::chrono::hours(24 * 14);
  std::size_t rows = 1000;

  static constexpr std::chrono::microseconds kCanary = std::chrono::hours(1);
  static constexpr std::chrono::microseconds kAudit = std::chrono::hours(24 * 90);
};

struct EventKey {
  RaeSerial rae;
  SessionId session;
  Timestamp timestamp;

  bool operator==(const EventKey&) const = default;
};

struct SessionAge {
  RaeSerial rae;
  SessionId session;
  Timestamp seen_at;
  Timestamp roster_at;  // of its RAE; unset: none yet

  bool operator==(const SessionAge&) const = default;
};

// Goes through the history from the end of its key: of each session the newest row comes first.
class HistoryWalk {
 public:
  HistoryWalk(Retention retention, WallTime now);

  struct Verdict {
    std::vector<EventKey> surplus;
    // To be removed if they were also received before received_before(): a RAE's clock may be
    // wrong.
    std::vector<EventKey> old;
  };
  // REQUIRES: pages in order and without gaps, save what came meanwhile.
  Verdict judge(const std::vector<EventKey>& page);

  [[nodiscard]] WallTime received_before() const { return oldest_; }

 private:
  const std::size_t rows_;
  const WallTime oldest_;
  RaeSerial rae_;
  SessionId session_;
  std::size_t count_ = 0;  // of rae_ and session_ so far
};

// Those of `page` to remove, unless they are seen again meanwhile.
std::vector<SessionAge> to_purge(const std::vector<SessionAge>& page, const Retention& retention,
                                 WallTime now);

}  // namespace dmp::registry
