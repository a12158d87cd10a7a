#include "bridge/core/filter.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kFilterBytesMax = 512;

// Takes the first level off `rest`; `more` tells an empty last level from no level.
std::string_view take_level(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  more = slash != std::string_view::npos;
  const std::string_view level = rest.substr(0, slash);
  rest = more ? rest.substr(slash + 1) : std::string_view();
  return level;
}

}  // namespace

bool is_valid_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > kFilterBytesMax) return false;
  if (filter.find('\0') != std::string_view::npos) return false;
  for (bool more = true; more;) {
    const std::string_view level = take_level(filter, more);
    if (level == "#" && !more) return true;
    if (level != "+" && level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

bool matches(std::string_view filter, std::string_view topic) { return overlap(filter, topic); }

bool overlap(std::string_view one, std::string_view other) {
  bool more_of_one = true;
  bool more_of_other = true;
  while (more_of_one && more_of_other) {
    const std::string_view left = take_level(one, more_of_one);
    const std::string_view right = take_level(other, more_of_other);
    if (left == "#" || right == "#") return true;
    if (left != right && left != "+" && right != "+") return false;
  }
  // "a/#" also stands for "a".
  if (more_of_one) return one == "#";
  if (more_of_other) return other == "#";
  return true;
}

}  // namespace dmp::bridge
