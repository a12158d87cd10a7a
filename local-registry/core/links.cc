#include "local-registry/core/links.h"

#include <algorithm>

namespace dmp::local {

Link& Links::add(const std::string& mac) {
  Link link;
  link.mac = mac;
  return add(std::move(link));
}

Link& Links::add(Link link) {
  if (Link* known = by_mac(link.mac); known != nullptr && !link.mac.empty()) return *known;
  if (links_.size() >= kMax) {
    const auto down = std::find_if(links_.begin(), links_.end(), [](const Link& old) {
      return old.presence.state() == LinkPresence::State::kDown;
    });
    links_.erase(down == links_.end() ? links_.begin() : down);
  }
  return links_.emplace_back(std::move(link));
}

Link* Links::by_mac(std::string_view mac) {
  const auto found =
      std::find_if(links_.begin(), links_.end(), [&](const Link& link) { return link.mac == mac; });
  return found == links_.end() ? nullptr : &*found;
}

Link* Links::by_address(std::string_view address) {
  if (address.empty()) return nullptr;
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const Link& link) {
    return link.ipv4 == address || link.ipv6 == address;
  });
  return found == links_.end() ? nullptr : &*found;
}

const Link* Links::primary() const {
  const auto up = std::find_if(links_.rbegin(), links_.rend(), [](const Link& link) {
    return link.presence.state() == LinkPresence::State::kUp;
  });
  if (up != links_.rend()) return &*up;
  return links_.empty() ? nullptr : &links_.back();
}

LinkPresence::State Links::state() const {
  const auto any = [&](LinkPresence::State state) {
    return std::any_of(links_.begin(), links_.end(),
                       [&](const Link& link) { return link.presence.state() == state; });
  };
  if (any(LinkPresence::State::kUp)) return LinkPresence::State::kUp;
  if (links_.empty() || any(LinkPresence::State::kUnproven)) return LinkPresence::State::kUnproven;
  return LinkPresence::State::kDown;
}

}  // namespace dmp::local
