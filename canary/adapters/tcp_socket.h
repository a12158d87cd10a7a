// What the kernel knows of a TCP socket.
#pragma once

#include <string>

namespace dmp::canary {

// Segments that it sent again since it was opened; 0 if the kernel does not say.
int retransmits(int socket);

// Why it could not connect, for people.
std::string socket_error(int socket);

}  // namespace dmp::canary
