#include "local-registry/adapters/broker_sockets.h"

#include <charconv>
#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace dmp::local {
namespace {

int number_in(const std::string& text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// -1 if `handle` is not a connected TCP socket.
int peer_port(int handle) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return -1;
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&peer)->sin_port);
  if (peer.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&peer)->sin6_port);
  return -1;
}

}  // namespace

std::set<int> sockets_to(const std::string& uri) {
  const int port = number_in(uri.substr(uri.rfind(':') + 1));
  std::set<int> handles;
  if (port < 0) return handles;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", problem)) {
    const int handle = number_in(entry.path().filename().string());
    if (handle >= 0 && peer_port(handle) == port) handles.insert(handle);
  }
  return handles;
}

void shut_sockets_to(const std::string& uri, const std::set<int>& before) {
  for (const int handle : sockets_to(uri)) {
    if (!before.contains(handle)) shutdown(handle, SHUT_RDWR);
  }
}

}  // namespace dmp::local
