#include "base/endpoints.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/settings.h"

namespace dmp {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Whether it is worth asking a name server about.
bool may_be_name(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789.";
  constexpr std::string_view kNotInNames = " :/@;,\t\"'";
  return text.find_first_not_of(kDigits) != std::string_view::npos &&
         text.find_first_of(kNotInNames) == std::string_view::npos;
}

Addresses look_up(const std::string& address, int port, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | (may_be_name(address) ? 0 : AI_NUMERICHOST);
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    found = nullptr;
  }
  return {found, freeaddrinfo};
}

// As librdkafka takes them: with a protocol before it, and without a port meaning 9092.
bool is_broker(std::string_view text) {
  constexpr std::string_view kNotInHosts = " /@;\t\"'";
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    constexpr std::array<std::string_view, 4> kProtocols = {"plaintext", "ssl", "sasl_plaintext",
                                                            "sasl_ssl"};
    std::string protocol(text.substr(0, scheme));
    std::ranges::transform(protocol, protocol.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    if (std::ranges::find(kProtocols, protocol) == kProtocols.end()) return false;
    text.remove_prefix(scheme + 3);
  }
  const auto colon = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
  if (colon == std::string_view::npos) {
    return !text.empty() && text.find_first_of(kNotInHosts) == std::string_view::npos;
  }
  if (colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (!bracketed && host.find(':') != std::string_view::npos) return false;
  return host.find_first_of(kNotInHosts) == std::string_view::npos &&
         parse_port(text.substr(colon + 1)).has_value();
}

}  // namespace

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc() || at != end || port < 1 || port > 65535) return std::nullopt;
  return port;
}

Status check_brokers(const std::string& setting, const std::string& brokers) {
  const auto refused = [&](std::string_view broker) {
    return fail("bad_setting", "setting " + setting + ": '" + std::string(broker) +
                                   "' is not host:port; give host:port[,host:port], ports "
                                   "between 1 and 65535");
  };
  const std::vector<std::string> all = split_commas(brokers);
  if (all.empty()) return refused(brokers);
  const auto wrong = std::ranges::find_if_not(all, is_broker);
  return wrong == all.end() ? Status() : refused(*wrong);
}

Status check_listen_address(const std::string& setting, const std::string& address,
                            AddressKind kind) {
  const int family = kind == AddressKind::kV4 ? AF_INET : AF_UNSPEC;
  if (!address.empty() && look_up(address, 0, family)) return {};
  return fail("bad_setting",
              "setting " + setting + ": '" + address + "' is no " +
                  (kind == AddressKind::kV4 ? "IPv4 address" : "IP address") +
                  " and no name of one; give an address of this machine, such as 127.0.0.1");
}

std::string why_not_listen(const std::string& address, int port) {
  const Addresses found = look_up(address, port, AF_UNSPEC);
  if (!found) return "'" + address + "' is no IP address; give one of this machine";
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::system_category().message(errno);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool opened = bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int why = errno;
  close(fd);
  if (opened) return {};
  switch (why) {
    case EADDRINUSE:
      return "another program listens there; give another port, or 0 for any free one";
    case EADDRNOTAVAIL:
      return "the address is not of this machine; give one that is";
    case EACCES:
      return "this user may not open ports below 1024; give a higher one";
    default:
      return std::system_category().message(why);
  }
}

std::string not_connected(const std::string& uri, const std::string& detail) {
  return "no connection to " + uri + " (" + detail +
         "): is the server there, and does each trust the other's certificate?";
}

}  // namespace dmp
