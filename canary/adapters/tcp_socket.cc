#include "canary/adapters/tcp_socket.h"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace dmp::canary {

int retransmits(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return static_cast<int>(info.tcpi_total_retrans);
}

std::string socket_error(int socket, int earlier) {
  int problem = 0;
  socklen_t size = sizeof problem;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &problem, &size);
  const bool was_waiting = earlier == EINPROGRESS || earlier == EAGAIN;
  if (problem == 0 && !was_waiting) problem = earlier;
  return problem == 0 ? "refused or closed before TLS" : std::generic_category().message(problem);
}

}  // namespace dmp::canary
