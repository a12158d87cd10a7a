#include "local-registry/adapters/netlink_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace dmp::local {
namespace {

constexpr int kReceiveBytes = 1 << 20;
constexpr timeval kAnswerWithin{2, 0};

tl::unexpected<Error> failed(std::string_view doing, int number) {
  return fail("netlink", std::string(doing) + ": " + std::strerror(number), Retry::kYes);
}

}  // namespace

Attribute find_attribute(std::span<const char> attributes, int type) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr attribute;
    std::memcpy(&attribute, attributes.data(), sizeof attribute);
    if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > attributes.size()) break;
    if ((attribute.rta_type & NLA_TYPE_MASK) == type) {
      return attributes.subspan(sizeof(rtattr), attribute.rta_len - sizeof(rtattr));
    }
    const std::size_t step = RTA_ALIGN(attribute.rta_len);
    attributes = attributes.subspan(std::min<std::size_t>(step, attributes.size()));
  }
  return {};
}

Result<NetlinkSocket> NetlinkSocket::open(std::uint32_t groups) {
  FileHandle handle(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!handle) return failed("cannot open an rtnetlink socket", errno);
  setsockopt(handle.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  setsockopt(handle.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerWithin, sizeof kAnswerWithin);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(handle.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed("cannot subscribe to rtnetlink", errno);
  }
  return NetlinkSocket(std::move(handle));
}

Status NetlinkSocket::request(nlmsghdr& message) {
  message.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  message.nlmsg_seq = ++sequence_;
  if (send(fd(), &message, message.nlmsg_len, 0) < 0) return failed("cannot ask the kernel", errno);
  alignas(nlmsghdr) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = recv(fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("the kernel does not answer", errno);
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
    if (static_cast<std::size_t>(got) < NLMSG_LENGTH(sizeof(nlmsgerr)) ||
        answer->nlmsg_type != NLMSG_ERROR || answer->nlmsg_seq != sequence_) {
      continue;
    }
    const int number = -static_cast<const nlmsgerr*>(payload(*answer))->error;
    if (number == 0) return {};
    return failed("the kernel refuses", number);
  }
}

Status NetlinkSocket::dump(int type, int family, std::size_t header_bytes) {
  alignas(nlmsghdr) std::array<char, 128> buffer{};
  auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
  message->nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(header_bytes));
  message->nlmsg_type = static_cast<std::uint16_t>(type);
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message->nlmsg_seq = ++sequence_;
  *static_cast<unsigned char*>(payload(*message)) = static_cast<unsigned char>(family);
  if (send(fd(), message, message->nlmsg_len, 0) < 0) return failed("cannot ask the kernel", errno);
  return {};
}

Result<bool> NetlinkSocket::receive(const Visit& visit) {
  alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) return false;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got < 0) return failed("cannot read from rtnetlink", errno);
    std::size_t left = static_cast<std::size_t>(got);
    const char* at = buffer.data();
    while (left >= sizeof(nlmsghdr)) {
      const auto& message = *reinterpret_cast<const nlmsghdr*>(at);
      if (message.nlmsg_len < sizeof(nlmsghdr) || message.nlmsg_len > left) break;
      if (message.nlmsg_type != NLMSG_DONE && message.nlmsg_type != NLMSG_ERROR) visit(message);
      const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(message.nlmsg_len), left);
      at += step;
      left -= step;
    }
  }
}

}  // namespace dmp::local
