#include "registry/api/query/etag.h"

#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

// Calls visit(tag) for each of a list of tags until it returns true.
template <class Visit>
bool any_tag(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    if (visit(trim(take_until(list, ',')))) return true;
  }
  return false;
}

}  // namespace

std::string etag_of(std::string_view revision, std::string_view body) {
  const std::uint64_t hash = fnv1a(body);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string tag = "\"" + std::string(revision) + ".";
  for (int shift = 60; shift >= 0; shift -= 4) tag += kHex[hash >> shift & 15];
  return tag + "\"";
}

bool names(std::string_view if_none_match, std::string_view etag) {
  return any_tag(if_none_match, [&](std::string_view tag) {
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag == "*" || tag == etag;
  });
}

bool allows(std::string_view if_match, std::int64_t revision) {
  return any_tag(if_match, [&](std::string_view tag) {
    if (tag == "*") return true;
    if (tag.size() < 3 || !tag.starts_with('"') || !tag.ends_with('"')) return false;
    tag = tag.substr(1, tag.size() - 2);
    tag = tag.substr(0, tag.find('.'));
    return to_integer(tag) == revision;
  });
}

}  // namespace dmp::registry::api
