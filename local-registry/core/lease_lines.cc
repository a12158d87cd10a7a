#include "local-registry/core/lease_lines.h"

#include <array>
#include <charconv>
#include <optional>

#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

// "expiry mac address name client-id"; nothing for other kinds of lines ("duid ...", IPv6).
struct Line {
  std::int64_t expires = 0;
  std::string mac;
  std::string address;
  std::string hostname;
};

std::optional<Line> parse(std::string_view text) {
  std::array<std::string_view, 4> words;
  for (std::string_view& word : words) {
    const std::size_t space = text.find(' ');
    word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  Line line;
  const auto [end, problem] =
      std::from_chars(words[0].data(), words[0].data() + words[0].size(), line.expires);
  line.mac = mac_text(words[1]);
  line.address = words[2];
  const bool is_ipv4 = !line.address.empty() && line.address.size() <= 15 &&
                       line.address.find_first_not_of("0123456789.") == std::string::npos;
  if (problem != std::errc() || line.mac.empty() || !is_ipv4 || words[3].empty()) {
    return std::nullopt;
  }
  if (words[3] != "*") line.hostname = device_text(words[3]);
  return line;
}

}  // namespace

std::vector<LeaseSeen> LeaseLines::read(std::string_view content) {
  std::vector<LeaseSeen> seen;
  for (std::size_t end = content.find('\n'); end != std::string_view::npos;
       end = content.find('\n')) {
    const auto line = parse(content.substr(0, end));
    content.remove_prefix(end + 1);
    if (!line) continue;
    const Lease lease{line->expires, line->mac, line->hostname};
    const auto known = known_.find(line->address);
    if (known != known_.end() && known->second == lease) continue;
    if (known == known_.end() && known_.size() >= kLeasesMax) known_.erase(known_.begin());
    known_[line->address] = lease;
    seen.push_back({line->mac, line->address, line->hostname, !is_first_});
  }
  is_first_ = false;
  return seen;
}

}  // namespace dmp::local
