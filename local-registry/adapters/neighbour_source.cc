#include "local-registry/adapters/neighbour_source.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if.h>

#include "base/log.h"
#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

constexpr std::size_t kMacBytes = 6;

template <class Header>
const Header* header_of(const nlmsghdr& message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return nullptr;
  return static_cast<const Header*>(payload(message));
}

std::string mac_of(Attribute bytes) {
  if (bytes.size() != kMacBytes) return {};
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    digits += kHex[value >> 4];
    digits += kHex[value & 15];
  }
  return mac_text(digits);
}

std::string address_of(int family, Attribute bytes) {
  const std::size_t wanted = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != wanted) return {};
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

template <class Number>
Number number_of(Attribute bytes) {
  Number number{};
  if (bytes.empty()) return number;
  std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

// Number of the port on its bridge; 0 if it does not say.
int bridge_port(Attribute attributes) {
  const Attribute info = find_attribute(attributes, IFLA_LINKINFO);
  const Attribute slave = find_attribute(info, IFLA_INFO_SLAVE_DATA);
  return number_of<std::uint16_t>(find_attribute(slave, IFLA_BRPORT_NO));
}

}  // namespace

Result<std::unique_ptr<NeighbourSource>> NeighbourSource::open(const std::string& lan) {
  const auto index = static_cast<int>(if_nametoindex(lan.c_str()));
  if (index == 0) {
    return fail("bad_setting", "setting lan-interface: there is no interface '" + lan +
                                   "'; `ip link` lists them; leave it empty to probe only the "
                                   "addresses of setting static");
  }
  auto socket = NetlinkSocket::open(RTMGRP_NEIGH | RTMGRP_LINK);
  if (!socket) return tl::unexpected(socket.error());
  return std::unique_ptr<NeighbourSource>(new NeighbourSource(std::move(*socket), index));
}

void NeighbourSource::begin(const SightingSink& sink) { read_all(sink); }

void NeighbourSource::read_all(const SightingSink& sink) {
  struct Dump {
    int type;
    int family;
    std::size_t header_bytes;
  };
  // Links first: a MAC's port means nothing before the port is known.
  static constexpr std::array<Dump, 4> kDumps = {{{RTM_GETLINK, AF_UNSPEC, sizeof(ifinfomsg)},
                                                  {RTM_GETNEIGH, AF_BRIDGE, sizeof(ifinfomsg)},
                                                  {RTM_GETNEIGH, AF_INET, sizeof(ndmsg)},
                                                  {RTM_GETNEIGH, AF_INET6, sizeof(ndmsg)}}};
  for (const Dump& dump : kDumps) {
    if (auto status = socket_.dump(dump.type, dump.family, dump.header_bytes); !status) {
      log_warning("neighbour_dump_failed", {{"error", status.error().message}});
      return;
    }
    // A dump is answered within the call; a second one at the same time is refused.
    bool more = true;
    while (more) {
      const auto got = socket_.receive([&](const nlmsghdr& message) { on_message(message, sink); });
      more = got && !*got;
    }
  }
}

void NeighbourSource::read(const SightingSink& sink) {
  const auto complete =
      socket_.receive([&](const nlmsghdr& message) { on_message(message, sink); });
  if (!complete) {
    log_warning("neighbour_read_failed", {{"error", complete.error().message}});
  } else if (!*complete) {
    log_warning("neighbour_events_lost", {{"cure", "reading the tables again"}});
    read_all(sink);
  }
}

void NeighbourSource::on_message(const nlmsghdr& message, const SightingSink& sink) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return on_link(message, sink);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return on_neighbour(message, sink);
    default:
      return;
  }
}

void NeighbourSource::on_link(const nlmsghdr& message, const SightingSink& sink) {
  const auto* link = header_of<ifinfomsg>(message);
  // Bridge messages of a port repeat the ordinary one without its details.
  if (link == nullptr || link->ifi_family != AF_UNSPEC) return;
  const bool up = message.nlmsg_type == RTM_NEWLINK && (link->ifi_flags & IFF_RUNNING) != 0;
  if (link->ifi_index == lan_) {
    if (lan_known_ && up && !lan_was_up_) sink(LanUp{});
    lan_known_ = true;
    lan_was_up_ = up;
    return;
  }
  const Attribute attributes = attributes_after<ifinfomsg>(message);
  const bool is_ours = number_of<int>(find_attribute(attributes, IFLA_MASTER)) == lan_;
  const auto known = ports_.find(link->ifi_index);
  const bool is_new = known == ports_.end();
  if (!is_ours && is_new) return;
  Port port{bridge_port(attributes), up && is_ours};
  // A port that leaves the bridge no longer says its number.
  if (port.number == 0) port.number = is_new ? link->ifi_index : known->second.number;
  if (!is_new && known->second == port) return;
  ports_[link->ifi_index] = port;
  sink(PortCarrier{port.number, port.up});
  if (message.nlmsg_type == RTM_DELLINK) ports_.erase(link->ifi_index);
}

void NeighbourSource::on_neighbour(const nlmsghdr& message, const SightingSink& sink) {
  const auto* entry = header_of<ndmsg>(message);
  if (entry == nullptr) return;
  const Attribute attributes = attributes_after<ndmsg>(message);
  const std::string mac = mac_of(find_attribute(attributes, NDA_LLADDR));
  const std::string address = address_of(entry->ndm_family, find_attribute(attributes, NDA_DST));
  const auto flags = number_of<std::uint32_t>(find_attribute(attributes, NDA_FLAGS_EXT));
  const bool watched = (flags & NTF_EXT_MANAGED) != 0;
  if (entry->ndm_family == AF_BRIDGE) {
    if (message.nlmsg_type == RTM_NEWNEIGH) on_bridge_entry(*entry, mac, sink);
    return;
  }
  constexpr int kNoDevice = NUD_NOARP | NUD_PERMANENT;
  if (entry->ndm_ifindex != lan_ || address.empty() || (entry->ndm_state & kNoDevice) != 0) return;
  if (message.nlmsg_type == RTM_DELNEIGH) {
    return sink(NeighbourSeen{address, mac, NeighbourSeen::State::kDeleted, false});
  }
  if ((entry->ndm_state & NUD_FAILED) != 0) {
    return sink(NeighbourSeen{address, mac, NeighbourSeen::State::kFailed, watched});
  }
  if (mac.empty()) return;  // INCOMPLETE: nobody answered yet
  if ((entry->ndm_state & NUD_REACHABLE) != 0) {
    return sink(NeighbourSeen{address, mac, NeighbourSeen::State::kReachable, watched});
  }
  // DELAY and PROBE are on the way from STALE to an answer.
  if ((entry->ndm_state & NUD_STALE) == 0) return;
  sink(NeighbourSeen{address, mac, NeighbourSeen::State::kMentioned, watched});
}

void NeighbourSource::on_bridge_entry(const ndmsg& entry, const std::string& mac,
                                      const SightingSink& sink) {
  const auto port = ports_.find(entry.ndm_ifindex);
  // Permanent entries are the ports' own addresses.
  if (port == ports_.end() || mac.empty() || (entry.ndm_state & NUD_PERMANENT) != 0) return;
  sink(PortLearnt{mac, port->second.number});
}

}  // namespace dmp::local
