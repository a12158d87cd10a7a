// The TCP connections of this process to a port, for a library that hides its socket. Thread-safe.
#pragma once

#include <set>
#include <string>

namespace dmp::local {

// Their handles. `uri` ends in ":port"; none if it does not.
std::set<int> sockets_to(const std::string& uri);

// Ends what is connected there now and was not in `before`, at once and without a word.
void shut_sockets_to(const std::string& uri, const std::set<int>& before);

}  // namespace dmp::local
