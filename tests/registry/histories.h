// Random histories of a few RAEs, as rapidcheck generators and as a model of what must come out.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include <rapidcheck.h>

#include "tests/registry/messages.h"

namespace dmp::registry {

// What one RAE says over time: stamps rise, contents follow from the stamp, so that equal stamps
// mean equal contents, as an agent guarantees.
inline UpdateNews random_update(const RaeSerial& rae, std::int64_t stamp) {
  const auto pick = [](int most) { return *rc::gen::inRange(0, most); };
  // A facet that changed now, or an older version of it said again.
  const auto some_stamp = [&] {
    return pick(3) == 0 ? std::max<std::int64_t>(1, stamp - pick(9)) : stamp;
  };
  Facets facets;
  if (pick(2) == 0) {
    const std::int64_t at = some_stamp();
    facets.identity = identity_at(at, 1 + static_cast<int>(at % 3), "model-" + std::to_string(at));
  }
  if (pick(2) == 0) {
    const std::int64_t at = some_stamp();
    facets.software = software_at(at, "firmware-" + std::to_string(at));
  }
  if (pick(2) == 0) {
    const std::int64_t at = some_stamp();
    facets.presence =
        presence_at(at, at % 2 == 0 ? PresenceStatus::kOnline : PresenceStatus::kOffline);
  }
  const int kind = pick(8);
  if (kind == 0) return news_of(rae, 1 + pick(3), ended_at(stamp, "removed"));
  return news_of(rae, 1 + pick(3),
                 kind == 1 ? snapshot_at(stamp, facets) : change_at(stamp, facets));
}

inline std::vector<News> random_history() {
  const std::vector<RaeSerial> raes = {rae_named("rae-1"), rae_named("rae-2"),
                                       rae_named("canary-1-1")};
  const auto pick = [](int most) { return *rc::gen::inRange(0, most); };
  std::vector<News> history;
  const int count = 1 + pick(25);
  for (std::int64_t stamp = 10; stamp < 10 + count; ++stamp) {
    const RaeSerial& rae = raes[static_cast<std::size_t>(pick(3))];
    switch (pick(6)) {
      case 0:
        history.push_back(PresenceNews{
            rae,
            {{stamp}, stamp % 2 == 0 ? AgentStatus::kOnline : AgentStatus::kOffline, "1"},
            {1000 + stamp},
            "bridge-" + std::to_string(stamp % 2)});
        break;
      case 1: {
        Roster roster{{stamp}, {}};
        for (int session = 1; session <= 3; ++session) {
          if (pick(2) == 0) roster.sessions.push_back(session_number(session));
        }
        history.push_back(RosterNews{rae, roster});
        break;
      }
      case 2:
        history.push_back(HeartbeatNews{{{stamp}, "bridge-1"}});
        break;
      default:
        history.push_back(random_update(rae, stamp));
    }
  }
  return history;
}

// The same messages in another order, some of them twice, cut into batches.
inline std::vector<std::vector<News>> redelivered(const std::vector<News>& history) {
  std::vector<News> all = history;
  for (const News& news : history) {
    if (*rc::gen::inRange(0, 3) == 0) all.push_back(news);
  }
  for (std::size_t i = all.size(); i > 1; --i) {
    std::swap(all[i - 1], all[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(i)))]);
  }
  std::vector<std::vector<News>> batches(1);
  for (News& news : all) {
    if (*rc::gen::inRange(0, 4) == 0) batches.emplace_back();
    batches.back().push_back(std::move(news));
  }
  return batches;
}

}  // namespace dmp::registry
