#include "ctl/adapters/verdict_json.h"

#include <nlohmann/json.hpp>

namespace dmp::ctl {
namespace {

using Json = nlohmann::ordered_json;

void put(Json& json, const Counts& counts) {
  json["lost"] = counts.lost;
  json["stale"] = counts.stale;
  json["phantom"] = counts.phantom;
}

Json json_of(const AgentVerdict& agent) {
  Json json = {{"rae", agent.rae.str()},
               {"file", agent.file},
               {"sessions", agent.sessions},
               {"facets", agent.facets},
               {"unconfirmed", agent.unconfirmed}};
  put(json, agent.counts);
  return json;
}

Json json_of(const Difference& difference) {
  Json json = {{"kind", kind_name(difference.kind)},
               {"rae", difference.rae.str()},
               {"session", difference.session.str()}};
  if (!difference.facet.empty()) json["facet"] = difference.facet;
  if (!difference.note.empty()) json["note"] = difference.note;
  if (difference.agent_at.is_set()) json["agent_at"] = difference.agent_at.us;
  if (difference.cloud_at.is_set()) json["cloud_at"] = difference.cloud_at.us;
  for (const FieldDifference& field : difference.fields) {
    json["fields"][field.name] = {{"agent", field.agent}, {"cloud", field.cloud}};
  }
  return json;
}

}  // namespace

std::string json_of(const Verdict& verdict) {
  Json json = {{"equal", verdict.is_equal()}};
  put(json, verdict.counts());
  json["took_ms"] = verdict.took.count();
  json["agents"] = Json::array();
  for (const AgentVerdict& agent : verdict.agents) json["agents"].push_back(json_of(agent));
  json["differences"] = Json::array();
  for (const Difference& each : verdict.shown) json["differences"].push_back(json_of(each));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dmp::ctl
