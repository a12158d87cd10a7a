#include "bridge/adapters/socket_shutdown.h"

#include <charconv>
#include <string_view>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace dmp::bridge {
namespace {

// 0 if `fd` is not a connected TCP socket.
int peer_port(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return 0;
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&peer)->sin_port);
  if (peer.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&peer)->sin6_port);
  return 0;
}

}  // namespace

int shut_connections_to(int port) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int shut = 0;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd >= 0 && peer_port(fd) == port && shutdown(fd, SHUT_RDWR) == 0) ++shut;
  }
  closedir(folder);
  return shut;
}

}  // namespace dmp::bridge
