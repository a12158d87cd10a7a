#include "base/tcp_connections.h"

#include <charconv>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace dmp {
namespace {

// `otherwise` if the text does not begin with a number.
int number_in(std::string_view text, int otherwise) {
  int number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// 0 if `fd` is not a connected TCP socket.
int peer_port(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return 0;
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&peer)->sin_port);
  if (peer.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&peer)->sin6_port);
  return 0;
}

template <class Each>
void each_connection_to(int port, Each&& each) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    const int fd = number_in(entry->d_name, -1);
    if (fd >= 0 && port > 0 && peer_port(fd) == port) each(fd);
  }
  closedir(folder);
}

}  // namespace

int port_of(std::string_view uri) {
  const std::size_t colon = uri.rfind(':');
  return colon == std::string_view::npos ? 0 : number_in(uri.substr(colon + 1), 0);
}

std::set<int> connections_to(int port) {
  std::set<int> found;
  each_connection_to(port, [&](int fd) { found.insert(fd); });
  return found;
}

void shut_connections_to(int port, const std::set<int>& spared) {
  each_connection_to(port, [&](int fd) {
    if (!spared.contains(fd)) shutdown(fd, SHUT_RDWR);
  });
}

void disable_nagle_to(int port) {
  const int on = 1;
  each_connection_to(port,
                     [&](int fd) { setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); });
}

}  // namespace dmp
