#include "tests/registry/api/http_client.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace dmp::registry {

HttpClient::HttpClient(int port) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{.tv_sec = 20, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) close(socket_);
}

void HttpClient::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;  // the server closed: what it answered can still be read
    sent += static_cast<std::size_t>(n);
  }
}

bool HttpClient::receive_more() {
  char buffer[16384];
  const auto n = recv(socket_, buffer, sizeof buffer, 0);
  if (n > 0) received_.append(buffer, static_cast<std::size_t>(n));
  return n > 0;
}

HttpAnswer HttpClient::receive(bool with_body) {
  HttpAnswer answer;
  std::size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) return answer;
  }
  std::size_t begin = received_.find("\r\n") + 2;
  answer.status = std::stoi(received_.substr(received_.find(' ') + 1, 3));
  while (begin < end) {
    const std::size_t line_end = received_.find("\r\n", begin);
    const std::size_t colon = received_.find(": ", begin);
    std::string name = received_.substr(begin, colon - begin);
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    answer.headers[name] = received_.substr(colon + 2, line_end - colon - 2);
    begin = line_end + 2;
  }
  received_.erase(0, end + 4);
  const auto length = answer.headers.find("content-length");
  if (!with_body || length == answer.headers.end()) return answer;
  const std::size_t bytes = std::stoul(length->second);
  while (received_.size() < bytes && receive_more()) continue;
  answer.body = received_.substr(0, bytes);
  received_.erase(0, bytes);
  return answer;
}

HttpAnswer HttpClient::get(const std::string& target, const std::string& token,
                           const std::string& method, const std::string& headers) {
  send(method + " " + target + " HTTP/1.1\r\nHost: test\r\n" +
       (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + headers + "\r\n");
  return receive(method != "HEAD");
}

TakenPort::TakenPort() {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_, generic, bytes) == 0 && listen(socket_, 16) == 0 &&
      getsockname(socket_, generic, &bytes) == 0) {
    port_ = ntohs(address.sin_port);
  }
}

TakenPort::~TakenPort() { close(socket_); }

}  // namespace dmp::registry
