// SsdpText: the datagrams of UPnP discovery. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "local-registry/core/profile.h"

namespace dmp::local {

inline constexpr const char* kSsdpGroup = "239.255.255.250";
inline constexpr int kSsdpPort = 1900;

struct SsdpMessage {
  Advert advert;
  bool leaving = false;
};

// An announcement (NOTIFY) or an answer to a search; nothing for anything else.
std::optional<SsdpMessage> parse_ssdp(std::string_view datagram);

std::string ssdp_search(const std::string& service);

}  // namespace dmp::local
