#include "ctl/core/comparison.h"

#include <optional>

#include "schema/codec.h"

namespace dmp::ctl {
namespace {

// A field of any type as text, so that people can compare it too.
std::string text_of(const std::string& value) { return value; }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int32_t value) { return value == 0 ? "" : std::to_string(value); }
std::string text_of(WallTime value) { return value.us == 0 ? "" : std::to_string(value.us); }
std::string text_of(const DeviceId& value) { return value.is_nil() ? "" : value.str(); }
template <class Enum>
std::string text_of(const Known<Enum>& value) {
  return std::string(value.word());
}
template <class Element>
std::string text_of(const std::vector<Element>& value) {
  return encode(value);
}

template <class Fields>
std::vector<std::pair<std::string, std::string>> texts_of(const Facet<Fields>& facet) {
  std::vector<std::pair<std::string, std::string>> texts = {{"source", facet.source}};
  Fields::each(facet.fields, [&](FieldNames names, const auto& value) {
    texts.emplace_back(names.json, text_of(value));
  });
  return texts;
}

template <class Fields>
std::vector<FieldDifference> differing_fields(const Facet<Fields>& agent,
                                              const Facet<Fields>& cloud) {
  std::vector<FieldDifference> fields;
  const auto ours = texts_of(agent);
  const auto theirs = texts_of(cloud);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (ours[i].second == theirs[i].second) continue;
    fields.push_back({ours[i].first, ours[i].second, theirs[i].second});
  }
  return fields;
}

template <class Fields>
std::optional<Difference> compare_facet(const std::optional<Facet<Fields>>& agent,
                                        const std::optional<Facet<Fields>>& cloud) {
  const Facet<Fields> ours = agent.value_or(Facet<Fields>{});
  const Facet<Fields> theirs = cloud.value_or(Facet<Fields>{});
  Difference found;
  found.agent_at = ours.timestamp;
  found.cloud_at = theirs.timestamp;
  found.fields = differing_fields(ours, theirs);
  found.kind = theirs.timestamp < ours.timestamp ? Kind::kLost : Kind::kStale;
  if (ours.timestamp == theirs.timestamp && found.fields.empty()) return std::nullopt;
  return found;
}

std::string_view why_hidden(CloudSession::Showing showing) {
  switch (showing) {
    case CloudSession::Showing::kEnded:
      return "the cloud says that it ended";
    case CloudSession::Showing::kNotInRoster:
      return "the newest roster the cloud has does not name it";
    case CloudSession::Showing::kNotNamed:
      return "the cloud has no device_id for it";
    case CloudSession::Showing::kShown:
      break;
  }
  return "";
}

}  // namespace

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"lost", "stale", "phantom"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<Difference> compare(const AgentRecord& agent, const CloudRecord& cloud) {
  std::vector<Difference> all;
  const auto add = [&](Difference difference, const SessionId& session, std::string_view facet) {
    difference.rae = agent.rae;
    difference.session = session;
    difference.facet = facet;
    all.push_back(std::move(difference));
  };
  for (const auto& [id, facets] : agent.sessions) {
    const auto found = cloud.find(id);
    const CloudSession& theirs = found == cloud.end() ? CloudSession{} : found->second;
    // A session that nobody could name yet is not shown, and needs not be.
    const bool hidden = theirs.showing != CloudSession::Showing::kShown &&
                        (theirs.showing != CloudSession::Showing::kNotNamed || facets.identity);
    if (hidden) {
      Difference difference;
      difference.note = why_hidden(theirs.showing);
      add(std::move(difference), id, "");
    }
    const SessionId& session = id;  // clang 14 cannot capture a structured binding
    const auto check = [&](std::string_view name, const auto& one, const auto& other) {
      if (auto difference = compare_facet(one, other)) add(std::move(*difference), session, name);
    };
#define DMP_CHECK_FACET(Type, name, table) check(#name, facets.name, theirs.facets.name);
    DMP_FACETS(DMP_CHECK_FACET)
#undef DMP_CHECK_FACET
  }
  for (const auto& [id, session] : cloud) {
    if (session.showing != CloudSession::Showing::kShown || agent.sessions.count(id) > 0) continue;
    Difference phantom;
    phantom.kind = Kind::kPhantom;
    phantom.note = "the agent has no such session";
    if (session.facets.presence) phantom.cloud_at = session.facets.presence->timestamp;
    add(std::move(phantom), id, "");
  }
  return all;
}

std::int64_t count_facets(const AgentRecord& agent) {
  std::int64_t count = 0;
  for (const auto& [id, facets] : agent.sessions) {
    each_facet(facets, [&](FacetNames, const auto& facet) { count += facet.has_value(); });
  }
  return count;
}

}  // namespace dmp::ctl
