#include "registry/api/past/past.h"

#include <algorithm>

namespace dmp::registry::api {
namespace {

SessionThen::State state_of(const SessionPast& session, const Moment& moment, std::int64_t at_us) {
  if (at_us < session.began_us && moment.stamp == 0) return SessionThen::State::kNotYet;
  if (session.ended_stamp == 0) return SessionThen::State::kThere;
  // Of an end that is not kept any more, only that it was long ago is known.
  const bool kept = session.newest_stamp >= session.ended_stamp;
  return !kept || session.ended_stamp <= moment.stamp ? SessionThen::State::kEnded
                                                      : SessionThen::State::kThere;
}

}  // namespace

SessionThen session_then(const SessionPast& session, const Moment& moment, std::int64_t at_us) {
  SessionThen then;
  then.state = state_of(session, moment, at_us);
  if (then.state == SessionThen::State::kNotYet) return then;
  // Whether a facet that stands nowhere had not been heard of yet.
  const bool whole = session.known_from_us <= session.began_us;
#define DMP_FACET_THEN(Type, name, table)                                           \
  if (moment.said.name) {                                                           \
    then.facets.name = moment.said.name;                                            \
  } else if (!moment.said_last.name && (whole || at_us >= session.known_from_us)) { \
    then.facets.name = session.stored.name;                                         \
  } else if (!whole && session.stored.name) {                                       \
    then.unknown.emplace_back(#name);                                               \
  }
  DMP_FACETS(DMP_FACET_THEN)
#undef DMP_FACET_THEN
  return then;
}

std::int64_t known_from(const Retention& retention, std::int64_t now_us, std::int64_t began_us,
                        std::int64_t events, std::int64_t oldest_us) {
  const std::int64_t by_age = now_us - retention.history.count();
  const std::int64_t by_count = events >= static_cast<std::int64_t>(retention.rows) ? oldest_us : 0;
  return std::max({began_us, by_age, by_count});
}

}  // namespace dmp::registry::api
