#include "registry/api/query/accept.h"

#include <algorithm>

#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

// "1", "0.5", "0.125"; -1 for anything else.
int thousandths(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  int value = (text[0] - '0') * 1000;
  int scale = 100;
  if (text.size() > 1 && text[1] != '.') return -1;
  for (std::size_t i = 2; i < text.size(); ++i, scale /= 10) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value += (text[i] - '0') * scale;
  }
  return std::min(value, 1000);
}

}  // namespace

std::vector<MediaRange> parse_accept(std::string_view header) {
  std::vector<MediaRange> ranges;
  while (!header.empty() && ranges.size() < kMediaRangesMax) {
    std::string_view rest = trim(take_until(header, ','));
    MediaRange range;
    range.type = trim(take_until(rest, ';'));
    std::transform(range.type.begin(), range.type.end(), range.type.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    while (!rest.empty()) {
      const std::string_view parameter = trim(take_until(rest, ';'));
      if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
        range.quality = thousandths(parameter.substr(2));
      }
    }
    if (!range.type.empty() && range.quality >= 0) ranges.push_back(std::move(range));
  }
  return ranges;
}

}  // namespace dmp::registry::api
