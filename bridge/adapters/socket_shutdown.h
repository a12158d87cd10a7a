// Ends the TCP connections of this process to a remote port, for libraries that hide their socket.
#pragma once

namespace dmp::bridge {

// How many were shut down. Thread-safe.
int shut_connections_to(int port);

}  // namespace dmp::bridge
