// Links: the network interfaces of one device as the LAN shows them, at most kMax.
// Owned by its session. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "local-registry/core/link_presence.h"

namespace dmp::local {

struct Link {
  std::string mac;  // empty: an address we were told to probe
  std::string ipv4;
  std::string ipv6;
  int port = 0;  // of the bridge; 0: not known
  LinkPresence presence;

  // The address the kernel is asked to watch: IPv4 if there is one.
  [[nodiscard]] const std::string& address() const { return ipv4.empty() ? ipv6 : ipv4; }
};

class Links {
 public:
  static constexpr std::size_t kMax = 8;

  // The link with this MAC, newly added if need be; the longest known that is down makes room.
  Link& add(const std::string& mac);
  // A link as another session had it, or an address to probe.
  Link& add(Link link);

  Link* by_mac(std::string_view mac);
  Link* by_address(std::string_view address);

  // The newest link that is up, or else the newest; null if there is none.
  [[nodiscard]] const Link* primary() const;

  // Up if one is up, down if all are down.
  [[nodiscard]] LinkPresence::State state() const;

  [[nodiscard]] const std::vector<Link>& all() const { return links_; }
  std::vector<Link>& all() { return links_; }

 private:
  std::vector<Link> links_;
};

}  // namespace dmp::local
