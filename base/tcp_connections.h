// The TCP connections of this process to a port, for libraries that hide their sockets.
// Thread-safe.
#pragma once

#include <set>
#include <string_view>

namespace dmp {

// Of a URI that ends in ":port"; 0 if it does not.
int port_of(std::string_view uri);

// Their file descriptors.
std::set<int> connections_to(int port);

// Ends what is connected there now, but for `spared`: at once and without a word.
void shut_connections_to(int port, const std::set<int>& spared = {});

// Small writes leave at once, instead of waiting for the peer's acknowledgement of those before
// (RFC 896), which it may hold back for 40 ms.
void disable_nagle_to(int port);

}  // namespace dmp
