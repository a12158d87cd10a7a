#include "registry/core/retention.h"

namespace dmp::registry {

HistoryWalk::HistoryWalk(Retention retention, WallTime now)
    : rows_(retention.rows), oldest_{now.us - retention.history.count()} {}

HistoryWalk::Verdict HistoryWalk::judge(const std::vector<EventKey>& page) {
  Verdict verdict;
  for (const EventKey& key : page) {
    if (key.rae != rae_ || key.session != session_) {
      rae_ = key.rae;
      session_ = key.session;
      count_ = 0;
    }
    if (++count_ > rows_) {
      verdict.surplus.push_back(key);
    } else if (key.timestamp.us < oldest_.us) {
      verdict.old.push_back(key);
    }
  }
  return verdict;
}

std::vector<SessionAge> to_purge(const std::vector<SessionAge>& page, const Retention& retention,
                                 WallTime now) {
  std::vector<SessionAge> gone;
  for (const SessionAge& session : page) {
    const bool left_out = session.roster_at.us - session.seen_at.us > retention.history.count();
    const bool of_a_past_run =
        session.rae.is_canary() && now.us - session.seen_at.us > Retention::kCanary.count();
    if (left_out || of_a_past_run) gone.push_back(session);
  }
  return gone;
}

}  // namespace dmp::registry
