// Whether the cloud shows what is true.
#include <algorithm>

#include "tests/simulation/world.h"

namespace dmp::simulation {
namespace {

template <class Fields>
void compare_facet(std::string_view name, const std::string& where,
                   const std::optional<Facet<Fields>>& agent,
                   const std::optional<Facet<Fields>>& cloud,
                   std::vector<std::string>& differences) {
  if (!agent && !cloud) return;
  const std::string what = where + " " + std::string(name) + ": ";
  const auto stamp = [](const auto& facet) {
    return facet ? std::to_string(facet->timestamp.us) : std::string("nothing");
  };
  if (stamp(agent) != stamp(cloud)) {
    differences.push_back(what + "agent has " + stamp(agent) + ", cloud has " + stamp(cloud));
  } else if (agent->fields != cloud->fields || agent->source != cloud->source) {
    differences.push_back(what + "same stamp " + stamp(agent) + ", other content");
  }
}

void compare_facets(const std::string& where, const Facets& agent, const Facets& cloud,
                    std::vector<std::string>& differences) {
#define DMP_COMPARE(Type, name, table) \
  compare_facet(#name, where, agent.name, cloud.name, differences);
  DMP_FACETS(DMP_COMPARE)
#undef DMP_COMPARE
}

}  // namespace

void World::judge(const Site& site, Verdict& verdict) const {
  const Router& router = *site.router;
  const std::string doubt = cloud_.doubt(router.rae());
  verdict.connections += network_.connections(router.rae());
  verdict.most_in_ten_seconds =
      std::max(verdict.most_in_ten_seconds, network_.most_in_ten_seconds(router.rae()));
  if (router.is_running()) {
    if (!router.is_connected()) verdict.differences.push_back(router.name() + ": not connected");
    if (!doubt.empty()) {
      verdict.differences.push_back(router.name() + ": is online, shown as " + doubt);
    }
    return compare_sessions(router, verdict);
  }
  if (doubt.empty()) verdict.differences.push_back(router.name() + ": is off, shown as online");
  if (network_.is_known_gone(router.rae()) && doubt != "rae_lost") {
    verdict.differences.push_back(router.name() + ": its last word arrived, shown as " + doubt);
  }
}

void World::compare_sessions(const Router& router, Verdict& verdict) const {
  auto cloud = cloud_.visible(router.rae());
  for (const local::SessionRecord& record : router.stored().sessions) {
    const std::string where = router.name() + " " + record.id.str();
    const auto found = cloud.find(record.id);
    if (found == cloud.end()) {
      verdict.differences.push_back(where + ": lost, the cloud does not show it");
      continue;
    }
    compare_facets(where, record.facets, found->second.facets, verdict.differences);
    if (!cloud_.is_confirmed(found->second)) {
      verdict.differences.push_back(where + ": shown as not_confirmed");
    }
    cloud.erase(found);
  }
  for (const auto& [session, row] : cloud) {
    verdict.differences.push_back(router.name() + " " + session.str() +
                                  ": phantom, the agent does not have it");
  }
}

}  // namespace dmp::simulation
