#include "ctl/core/verdict.h"

namespace dmp::ctl {
namespace {

std::string seconds_of(std::chrono::milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string stamp_of(Timestamp stamp) { return stamp.is_set() ? std::to_string(stamp.us) : "none"; }

std::string line_of(const Difference& difference) {
  std::string line(kind_name(difference.kind));
  line.resize(8, ' ');
  line += difference.rae.str() + " " + difference.session.str() + " ";
  if (difference.facet.empty()) return line + difference.note;
  line += difference.facet + " (agent, cloud): stamp " + stamp_of(difference.agent_at) + ", " +
          stamp_of(difference.cloud_at);
  for (const FieldDifference& field : difference.fields) {
    line += "; " + field.name + " '" + field.agent + "', '" + field.cloud + "'";
  }
  return line;
}

}  // namespace

void Counts::add(Kind kind) {
  switch (kind) {
    case Kind::kLost:
      ++lost;
      break;
    case Kind::kStale:
      ++stale;
      break;
    case Kind::kPhantom:
      ++phantom;
      break;
  }
}

void Verdict::add(const std::string& file, const AgentRecord& agent, const CloudRecord& cloud,
                  std::size_t show_max) {
  AgentVerdict& verdict = agents.emplace_back();
  verdict.file = file;
  verdict.rae = agent.rae;
  verdict.sessions = static_cast<std::int64_t>(agent.sessions.size());
  verdict.facets = count_facets(agent);
  verdict.unconfirmed = agent.unconfirmed;
  for (Difference& difference : compare(agent, cloud)) {
    verdict.counts.add(difference.kind);
    if (shown.size() < show_max) shown.push_back(std::move(difference));
  }
}

Counts Verdict::counts() const {
  Counts all;
  for (const AgentVerdict& agent : agents) {
    all.lost += agent.counts.lost;
    all.stale += agent.counts.stale;
    all.phantom += agent.counts.phantom;
  }
  return all;
}

std::string text_of(const Verdict& verdict) {
  std::int64_t sessions = 0;
  std::int64_t facets = 0;
  std::int64_t unconfirmed = 0;
  for (const AgentVerdict& agent : verdict.agents) {
    sessions += agent.sessions;
    facets += agent.facets;
    unconfirmed += agent.unconfirmed;
  }
  const Counts counts = verdict.counts();
  std::string text = verdict.is_equal() ? "equal: " : "different: ";
  text += "lost " + std::to_string(counts.lost) + ", stale " + std::to_string(counts.stale) +
          ", phantom " + std::to_string(counts.phantom) + " of " + std::to_string(facets) +
          " facets of " + std::to_string(sessions) + " sessions of " +
          std::to_string(verdict.agents.size()) + " agents; " + std::to_string(unconfirmed) +
          " changes not confirmed yet; after " + seconds_of(verdict.took) + "\n";
  for (const Difference& difference : verdict.shown) text += line_of(difference) + "\n";
  const auto hidden = counts.sum() - static_cast<std::int64_t>(verdict.shown.size());
  if (hidden > 0) text += "and " + std::to_string(hidden) + " more; --show N shows more\n";
  return text;
}

}  // namespace dmp::ctl
