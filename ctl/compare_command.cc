#include "ctl/compare_command.h"

#include <algorithm>

namespace dmp::ctl {
namespace {

// The agent is read before the cloud: a change on its way between the two shows as stale, not as
// lost, and the next round tells.
Result<Verdict> compare_once(const CompareOrder& order, const CompareWorld& world) {
  Verdict verdict;
  for (const std::string& file : order.agents) {
    const auto agent = world.agents.read(file);
    if (!agent) return tl::unexpected(agent.error());
    std::vector<SessionId> sessions;
    for (const auto& [id, facets] : agent->sessions) sessions.push_back(id);
    const auto cloud = world.cloud.read(agent->rae, sessions);
    if (!cloud) return tl::unexpected(cloud.error());
    verdict.add(file, *agent, *cloud, order.show_max);
  }
  return verdict;
}

}  // namespace

Result<Verdict> compare_within(const CompareOrder& order, const CompareWorld& world) {
  const SteadyTime start = world.clock.steady();
  for (;;) {
    auto verdict = compare_once(order, world);
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(world.clock.steady() - start);
    if (verdict) verdict->took = took;
    const bool is_final = verdict ? verdict->is_equal() : verdict.error().retry == Retry::kNo;
    if (is_final || took >= order.within) return verdict;
    world.pause(std::min(kCompareEvery, order.within - took));
  }
}

}  // namespace dmp::ctl
