// What the kernel knows of a TCP socket.
#pragma once

#include <string>

namespace dmp::canary {

// Segments that it sent again since it was opened; 0 if the kernel does not say.
int retransmits(int socket);

// Why it could not connect, for people. The kernel tells that once: whoever wrote to the socket
// before it was asked may have had it as its errno, `earlier`.
std::string socket_error(int socket, int earlier);

}  // namespace dmp::canary
