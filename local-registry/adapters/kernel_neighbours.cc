#include "local-registry/adapters/kernel_neighbours.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <net/if.h>

#include "base/check.h"

namespace dmp::local {
namespace {

// One request: header and attributes in a fixed buffer.
struct Request {
  alignas(nlmsghdr) std::array<char, 256> buffer{};

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer.data()); }
  ndmsg& entry() { return *static_cast<ndmsg*>(payload(header())); }

  void add(int type, const void* data, std::size_t bytes) {
    nlmsghdr& message = header();
    char* at = buffer.data() + NLMSG_ALIGN(message.nlmsg_len);
    rtattr attribute;
    attribute.rta_type = static_cast<unsigned short>(type);
    attribute.rta_len = static_cast<unsigned short>(RTA_LENGTH(bytes));
    const std::size_t after = NLMSG_ALIGN(message.nlmsg_len) + RTA_ALIGN(attribute.rta_len);
    DMP_CHECK(after <= buffer.size());
    std::memcpy(at, &attribute, sizeof attribute);
    std::memcpy(at + RTA_LENGTH(0), data, bytes);
    message.nlmsg_len = static_cast<std::uint32_t>(after);
  }
};

}  // namespace

Result<std::unique_ptr<KernelNeighbours>> KernelNeighbours::open(const std::string& lan) {
  auto socket = NetlinkSocket::open(0);
  if (!socket) return tl::unexpected(socket.error());
  const auto index = static_cast<int>(if_nametoindex(lan.c_str()));
  return std::unique_ptr<KernelNeighbours>(new KernelNeighbours(std::move(*socket), index));
}

Status KernelNeighbours::watch(const std::string& address) {
  return send(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, address, true);
}

Status KernelNeighbours::unwatch(const std::string& address) {
  return send(RTM_DELNEIGH, 0, address, false);
}

Status KernelNeighbours::send(int type, int flags, const std::string& address, bool managed) {
  const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::array<unsigned char, 16> raw{};
  if (inet_pton(family, address.c_str(), raw.data()) != 1) {
    return fail("bad_address", "'" + address + "' is no IP address");
  }
  Request request;
  request.header().nlmsg_type = static_cast<std::uint16_t>(type);
  request.header().nlmsg_flags = static_cast<std::uint16_t>(flags);
  request.header().nlmsg_len = NLMSG_LENGTH(sizeof(ndmsg));
  ndmsg& entry = request.entry();
  entry.ndm_family = static_cast<std::uint8_t>(family);
  entry.ndm_ifindex = lan_;
  // NONE keeps the state the entry is in.
  entry.ndm_state = NUD_NONE;
  if (managed) entry.ndm_flags = NTF_EXT_LEARNED;
  request.add(NDA_DST, raw.data(), family == AF_INET ? 4 : 16);
  const std::uint32_t extended = NTF_EXT_MANAGED;
  if (managed) request.add(NDA_FLAGS_EXT, &extended, sizeof extended);
  auto status = socket_.request(request.header());
  if (!status) return tl::unexpected(status.error().within("neighbour " + address));
  return {};
}

}  // namespace dmp::local
