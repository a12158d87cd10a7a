// Checks of settings that name places in a network. An error names the setting, its value and the
// way out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dmp {

// The whole of `text` as a port, 1 to 65535.
std::optional<int> parse_port(std::string_view text);

// Brokers by commas, as librdkafka takes them: `host:port`, `host` (then 9092), either with
// PLAINTEXT://, SSL://, SASL_PLAINTEXT:// or SASL_SSL:// before it. Empty places between commas are
// passed over, but one broker must be there.
Status check_brokers(const std::string& setting, const std::string& brokers);

enum class AddressKind { kAny, kV4 };

// An address to listen at: a number or a name that this machine can look up now. Whether it is one
// of this machine's shows only when it is opened.
Status check_listen_address(const std::string& setting, const std::string& address,
                            AddressKind kind = AddressKind::kAny);

// Why nothing can listen there, and the way out: "another program listens there; …". Empty: it can
// be opened now.
std::string why_not_listen(const std::string& address, int port);

// That there is no connection to a server and what to look at, where a library tells no more than
// `detail`.
std::string not_connected(const std::string& uri, const std::string& detail);

}  // namespace dmp
