#include "local-registry/core/ssdp_text.h"

#include <algorithm>
#include <array>

#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

constexpr std::size_t kHeadersMax = 32;

// They differ from one datagram to the next without being news, or stand elsewhere.
bool is_kept(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kDropped = {
      "date", "host", "man", "ext", "cache-control", "st", "nt", "nts", "usn", "location"};
  return std::find(kDropped.begin(), kDropped.end(), name) == kDropped.end();
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<SsdpMessage> parse_ssdp(std::string_view datagram) {
  const std::string_view start = take_line(datagram);
  const bool is_answer = start.starts_with("HTTP/1.") && start.find(" 200") != std::string::npos;
  if (!is_answer && !start.starts_with("NOTIFY ")) return std::nullopt;
  SsdpMessage message;
  std::string kind;
  while (!datagram.empty() && message.advert.headers.size() < kHeadersMax) {
    const std::string_view line = take_line(datagram);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lower_case(device_text(line.substr(0, colon)));
    const std::string value = device_text(line.substr(colon + 1));
    if (name == (is_answer ? "st" : "nt")) message.advert.service = value;
    if (name == "nts") kind = value;
    if (name == "usn") message.advert.usn = value;
    if (name == "location") message.advert.location = value;
    if (is_kept(name)) message.advert.headers[name] = value;
  }
  message.leaving = kind == "ssdp:byebye";
  if (message.advert.service.empty() || message.advert.usn.empty()) return std::nullopt;
  return message;
}

std::string ssdp_search(const std::string& service) {
  return "M-SEARCH * HTTP/1.1\r\nHOST: " + std::string(kSsdpGroup) + ":" +
         std::to_string(kSsdpPort) + "\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: " + service +
         "\r\n\r\n";
}

}  // namespace dmp::local
