// NetlinkSocket: one rtnetlink socket. Owned by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/result.h"
#include "local-registry/adapters/file_handle.h"

namespace dmp::local {

// What follows a message's header.
inline void* payload(nlmsghdr& message) { return reinterpret_cast<char*>(&message) + NLMSG_HDRLEN; }
inline const void* payload(const nlmsghdr& message) {
  return reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN;
}

// The bytes of one attribute; empty if it is not there.
using Attribute = std::span<const char>;

// The attribute of that type among `attributes`; the walk ends at the first malformed one.
Attribute find_attribute(std::span<const char> attributes, int type);

// The attributes that follow the family's header; empty if the message is too short for it.
template <class Header>
std::span<const char> attributes_after(const nlmsghdr& message) {
  const std::size_t skip = NLMSG_SPACE(sizeof(Header));
  if (message.nlmsg_len < skip) return {};
  return {reinterpret_cast<const char*>(&message) + skip, message.nlmsg_len - skip};
}

class NetlinkSocket {
 public:
  // `groups`: bits of RTMGRP_*; 0 for requests only.
  static Result<NetlinkSocket> open(std::uint32_t groups);

  [[nodiscard]] int fd() const { return handle_.get(); }

  // One request that the kernel acknowledges; waits for that (microseconds, it is the same host).
  Status request(nlmsghdr& message);
  // Asks for all entries of a kind; they come through receive().
  Status dump(int type, int family, std::size_t header_bytes);

  using Visit = std::function<void(const nlmsghdr& message)>;
  // Everything that has arrived. False: the kernel dropped messages, so dump again.
  Result<bool> receive(const Visit& visit);

 private:
  explicit NetlinkSocket(FileHandle handle) : handle_(std::move(handle)) {}

  FileHandle handle_;
  std::uint32_t sequence_ = 0;
};

}  // namespace dmp::local
