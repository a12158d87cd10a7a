#include "registry/api/etag.h"

#include <algorithm>

#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Calls visit(tag) for each of a list of tags until it returns true.
template <class Visit>
bool any_tag(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (visit(trim(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string etag_of(std::string_view revision, std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : body) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
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
