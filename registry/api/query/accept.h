// Accept: the media types a caller takes (RFC 9110, section 12.5.1). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dmp::registry::api {

struct MediaRange {
  std::string type;    // lower case, without parameters
  int quality = 1000;  // thousandths; 0: not wanted

  bool operator==(const MediaRange&) const = default;
};

// At most kMediaRangesMax are read. What cannot be read is left out.
inline constexpr std::size_t kMediaRangesMax = 32;
std::vector<MediaRange> parse_accept(std::string_view header);

}  // namespace dmp::registry::api
