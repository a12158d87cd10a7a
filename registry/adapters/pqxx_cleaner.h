// PqxxCleaner: the janitor's statements on PostgreSQL or CockroachDB, on a connection of its own.
//
// Pages are read by the primary key; rows are removed by theirs, with the condition that made them
// go checked once more on the row as it then is. The audit's rows, which never change, are found by
// their time.
#pragma once

#include <string>
#include <vector>

#include "registry/adapters/pqxx_link.h"
#include "registry/cleaner.h"

namespace dmp::registry {

class PqxxCleaner final : public Cleaner {
 public:
  explicit PqxxCleaner(const std::string& database);

  SqlResult<std::vector<EventKey>> events(const std::optional<EventKey>& before) override;
  SqlResult<std::int64_t> remove_events(const std::vector<EventKey>& keys,
                                        WallTime received_before) override;
  SqlResult<std::vector<SessionAge>> sessions(const std::optional<SessionAge>& after) override;
  SqlResult<std::int64_t> remove_sessions(const std::vector<SessionAge>& sessions) override;
  SqlResult<std::int64_t> remove_canaries(WallTime heard_before) override;
  SqlResult<std::int64_t> remove_audit(WallTime written_before) override;
  void interrupt() override { link_.interrupt(); }

 private:
  SqlResult<std::int64_t> removed(const char* statement,
                                  const std::vector<std::string>& parameters);

  PqxxLink link_;
};

}  // namespace dmp::registry
