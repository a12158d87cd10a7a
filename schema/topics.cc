#include "schema/topics.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace dmp {
namespace {

constexpr std::string_view kPrefix = "dmp/v1/";
constexpr std::string_view kAgent = "agent";
constexpr std::string_view kBridgeKeyPrefix = "bridge/";

struct Suffix {
  std::string_view text;
  TopicKind kind;
  bool of_session;
};

constexpr std::array<Suffix, 7> kSuffixes = {{{"update", TopicKind::kUpdate, true},
                                              {"command", TopicKind::kCommand, true},
                                              {"reply", TopicKind::kReply, true},
                                              {"presence", TopicKind::kPresence, false},
                                              {"roster", TopicKind::kRoster, false},
                                              {"confirm", TopicKind::kConfirm, false},
                                              {"resync", TopicKind::kResync, false}}};

const Suffix& suffix_of(TopicKind kind) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.kind == kind) return suffix;
  }
  DMP_CHECK(false);
}

tl::unexpected<Error> bad(std::string_view topic, std::string_view why) {
  return fail("bad_topic",
              "topic '" + std::string(topic.substr(0, 200)) + "': " + std::string(why));
}

}  // namespace

Result<Topic> parse_topic(std::string_view topic) {
  constexpr std::string_view kShape =
      "expected dmp/v1/{rae}/{session}/update|command|reply or "
      "dmp/v1/{rae}/agent/presence|roster|confirm|resync";
  if (!topic.starts_with(kPrefix)) return bad(topic, kShape);
  const std::string_view rest = topic.substr(kPrefix.size());
  const std::size_t first = rest.find('/');
  const std::size_t last = rest.rfind('/');
  if (first == std::string_view::npos || first == last) return bad(topic, kShape);
  const std::string_view middle = rest.substr(first + 1, last - first - 1);
  const bool of_session = middle != kAgent;
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != rest.substr(last + 1) || suffix.of_session != of_session) continue;
    auto rae = RaeSerial::parse(rest.substr(0, first));
    if (!rae) return bad(topic, rae.error().message);
    Topic parsed{*rae, std::nullopt, suffix.kind};
    if (!of_session) return parsed;
    const auto session = SessionId::parse(middle);
    if (!session) return bad(topic, session.error().message);
    // Rows and messages write "none" as nil, so nobody may be called that.
    if (session->is_nil()) return bad(topic, "the session is the nil UUID; give it a random one");
    if (std::ranges::any_of(middle, [](char c) { return c >= 'A' && c <= 'F'; })) {
      return bad(topic, "the session's hex digits must be lower case");
    }
    parsed.session = *session;
    return parsed;
  }
  return bad(topic, kShape);
}

std::string device_topic(const RaeSerial& rae, const SessionId& session, TopicKind kind) {
  const Suffix& suffix = suffix_of(kind);
  DMP_CHECK(suffix.of_session);
  return std::string(kPrefix) + rae.str() + '/' + session.str() + '/' + std::string(suffix.text);
}

std::string agent_topic(const RaeSerial& rae, TopicKind kind) {
  const Suffix& suffix = suffix_of(kind);
  DMP_CHECK(!suffix.of_session);
  return std::string(kPrefix) + rae.str() + "/agent/" + std::string(suffix.text);
}

std::string bridge_echo_topic(std::string_view bridge) {
  return std::string(kPrefix) + "bridge/" + std::string(bridge) + "/echo";
}

std::string bridge_key(std::string_view bridge) {
  return std::string(kBridgeKeyPrefix) + std::string(bridge);
}

std::optional<std::string_view> parse_bridge_key(std::string_view key) {
  if (!key.starts_with(kBridgeKeyPrefix)) return std::nullopt;
  return key.substr(kBridgeKeyPrefix.size());
}

}  // namespace dmp
