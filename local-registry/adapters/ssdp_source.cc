#include "local-registry/adapters/ssdp_source.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "local-registry/core/ssdp_text.h"

namespace dmp::local {
namespace {

constexpr std::size_t kDatagramBytesMax = 4096;
constexpr int kDatagramsPerRead = 256;
constexpr std::chrono::seconds kSecondSearchAfter{3};
constexpr std::chrono::seconds kSearchEvery{60};

tl::unexpected<Error> failed(const std::string& doing) {
  return fail("ssdp", doing + ": " + std::strerror(errno));
}

sockaddr_in endpoint(const std::string& address, int port) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  endpoint.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &endpoint.sin_addr);
  return endpoint;
}

FileHandle datagram_socket() {
  return FileHandle(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Multicast by interface, not by address: a RAE's LAN address may change. `on`: of which socket.
bool use_interface(const FileHandle& on, int option, int index) {
  ip_mreqn group{};
  inet_pton(AF_INET, kSsdpGroup, &group.imr_multiaddr);
  group.imr_ifindex = index;
  return setsockopt(on.get(), IPPROTO_IP, option, &group, sizeof group) == 0;
}

}  // namespace

Result<std::unique_ptr<SsdpSource>> SsdpSource::open(const std::string& lan,
                                                     std::vector<std::string> addresses,
                                                     const std::vector<std::string>& services) {
  std::unique_ptr<SsdpSource> source(new SsdpSource());
  source->targets_ = std::move(addresses);
  for (const std::string& service : services) source->searches_.push_back(ssdp_search(service));
  source->asking_ = datagram_socket();
  if (!source->asking_) return failed("cannot open a socket for searches");
  if (lan.empty()) return source;
  if (auto status = source->listen(lan); !status) return tl::unexpected(status.error());
  source->targets_.emplace_back(kSsdpGroup);
  return source;
}

Status SsdpSource::listen(const std::string& lan) {
  const auto index = static_cast<int>(if_nametoindex(lan.c_str()));
  listening_ = datagram_socket();
  const int on = 1;
  const unsigned char hops = 2;
  const sockaddr_in group = endpoint(kSsdpGroup, kSsdpPort);
  const bool good =
      listening_ && setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(listening_.get(), reinterpret_cast<const sockaddr*>(&group), sizeof group) == 0 &&
      use_interface(listening_, IP_ADD_MEMBERSHIP, index) &&
      use_interface(asking_, IP_MULTICAST_IF, index) &&
      setsockopt(asking_.get(), IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) == 0;
  if (!good) return failed("cannot listen to SSDP on " + lan);
  return {};
}

std::vector<int> SsdpSource::handles() const {
  if (!listening_) return {asking_.get()};
  return {asking_.get(), listening_.get()};
}

void SsdpSource::begin(const SightingSink&) { search_at_ = SystemClock().steady(); }

void SsdpSource::tick(SteadyTime now, const SightingSink&) {
  search();
  ++searches_done_;
  search_at_ = now + (searches_done_ == 1 ? kSecondSearchAfter : kSearchEvery);
}

void SsdpSource::search() const {
  for (const std::string& target : targets_) {
    const sockaddr_in to = endpoint(target, kSsdpPort);
    for (const std::string& text : searches_) {
      // A search that cannot leave (no cable, nobody there) is made again in a minute.
      static_cast<void>(sendto(asking_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&to), sizeof to));
    }
  }
}

void SsdpSource::read(const SightingSink& sink) {
  std::array<char, kDatagramBytesMax> buffer;
  for (const int handle : handles()) {
    for (int count = 0; count < kDatagramsPerRead; ++count) {
      sockaddr_in from{};
      socklen_t from_bytes = sizeof from;
      const ssize_t got = recvfrom(handle, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_bytes);
      // A refused search comes back as an error of its own; the next datagram may be good.
      if (got < 0 && errno == ECONNREFUSED) continue;
      if (got < 0) break;
      auto message = parse_ssdp({buffer.data(), static_cast<std::size_t>(got)});
      if (!message) continue;
      std::array<char, INET_ADDRSTRLEN> text{};
      inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size());
      sink(AdvertHeard{text.data(), std::move(message->advert), message->leaving});
    }
  }
}

}  // namespace dmp::local
