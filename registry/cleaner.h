// Cleaner: what the janitor needs from the database. One thread uses it; only `interrupt` may come
// from another.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "registry/core/retention.h"
#include "registry/ports.h"

namespace dmp::registry {

class Cleaner {
 public:
  // Rows of a page, hence of any statement.
  static constexpr std::size_t kPage = 1000;

  virtual ~Cleaner() = default;

  // The next page of the history in falling order of its key; without `before` the first one.
  virtual SqlResult<std::vector<EventKey>> events(const std::optional<EventKey>& before) = 0;
  // Of these, those received before then. How many it removed, as all below.
  virtual SqlResult<std::int64_t> remove_events(const std::vector<EventKey>& keys,
                                                WallTime received_before) = 0;

  // The next page of the sessions in rising order of their key; without `after` the first one.
  virtual SqlResult<std::vector<SessionAge>> sessions(const std::optional<SessionAge>& after) = 0;
  // Those whose seen_at is still the same.
  virtual SqlResult<std::int64_t> remove_sessions(const std::vector<SessionAge>& sessions) = 0;

  // At most a page of the canary's RAEs not heard since then.
  virtual SqlResult<std::int64_t> remove_canaries(WallTime heard_before) = 0;
  // At most a page of the audit's rows written before then, the oldest first.
  virtual SqlResult<std::int64_t> remove_audit(WallTime written_before) = 0;

  // Makes a call that is under way, and every later one, fail soon.
  virtual void interrupt() = 0;
};

}  // namespace dmp::registry
