#include "registry/api/device/diagnosis.h"

#include <algorithm>

#include "registry/api/json_writer.h"

namespace dmp::registry::api {
namespace {

constexpr std::size_t kShapeBytesMax = 64;
// std::regex recurses per character: what is longer than any field but a list is not looked at.
constexpr std::size_t kMatchedBytesMax = 2048;

bool fits(const Rule& rule, const FieldText& text) {
  return std::all_of(rule.when.begin(), rule.when.end(), [&](const auto& condition) {
    const std::string value = text(condition.first).substr(0, kMatchedBytesMax);
    return std::regex_match(value, condition.second);
  });
}

std::string_view describing_field(std::string_view blocker) {
  if (blocker == "onboarding") return "onboarding.last_error";
  if (blocker == "unhealthy") return "health.reasons";
  return "presence.reason";
}

}  // namespace

const Rule* RuleBook::find(std::string_view blocker, const FieldText& text) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return rule.blocker == blocker && fits(rule, text);
  });
  return found == rules_.end() ? nullptr : &*found;
}

std::vector<std::string> evidence_of(std::string_view blocker) {
  if (blocker == "onboarding") return {"onboarding"};
  if (blocker == "in_test") return {"usage"};
  if (blocker == "unhealthy") return {"health"};
  if (blocker == "held") return {"hold"};
  if (blocker == "duplicate_identity") return {"identity"};
  return {"presence", "rae_last_heard_at"};
}

std::string shape_of(std::string_view blocker, const FieldText& text) {
  std::string shape(blocker);
  shape += ": ";
  for (const char c : text(describing_field(blocker))) {
    const bool digit = c >= '0' && c <= '9';
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    const char alike = control ? ' ' : c;
    if (!digit || !shape.ends_with('#')) shape += digit ? '#' : alike;
  }
  return std::string(cut(shape, kShapeBytesMax));
}

}  // namespace dmp::registry::api
