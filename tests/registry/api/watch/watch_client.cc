#include "tests/registry/api/watch/watch_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fixtures/waiting.h"

namespace dmp::registry {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr int kPatienceMs = 60'000;

bool readable(int socket, int patience_ms) {
  pollfd waited{.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&waited, 1, patience_ms) == 1;
}

}  // namespace

WatchClient::WatchClient(int port, std::string target, std::string token, int receive_bytes)
    : port_(port),
      target_(std::move(target)),
      token_(std::move(token)),
      receive_bytes_(receive_bytes) {}

WatchClient::~WatchClient() { disconnect(); }

void WatchClient::disconnect() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

int WatchClient::connect() {
  disconnect();
  list.reconnected();
  received_.clear();
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes_ > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes_, sizeof receive_bytes_);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string& id = list.last_event_id();
  const std::string request = "GET " + target_ +
                              " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " + token_ +
                              "\r\nAccept: text/event-stream\r\n" +
                              (id.empty() ? "" : "Last-Event-ID: " + id + "\r\n") + "\r\n";
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    disconnect();
    return 0;
  }
  std::size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!readable(socket_, kPatienceMs) || !more()) {
      disconnect();
      return 0;
    }
  }
  const int status = std::stoi(received_.substr(received_.find(' ') + 1, 3));
  received_.erase(0, end + 4);
  if (status == 200) {
    ++connects;
    if (id.empty()) ++lists_begun;
    if (!take_chunks()) disconnect();  // what came with the head
    return status;
  }
  if (received_.empty() && readable(socket_, kPatienceMs)) more();
  problem = received_;
  if (status == 410) list.forget();
  disconnect();
  return status;
}

bool WatchClient::more() {
  char buffer[65536];
  const auto bytes = recv(socket_, buffer, sizeof buffer, 0);
  if (bytes > 0) received_.append(buffer, static_cast<std::size_t>(bytes));
  return bytes > 0;
}

// False at the last chunk.
bool WatchClient::take_chunks() {
  for (;;) {
    const std::size_t line = received_.find("\r\n");
    if (line == std::string::npos) return true;
    const std::size_t bytes = std::stoul(received_.substr(0, line), nullptr, 16);
    if (bytes == 0) return false;
    if (received_.size() < line + 2 + bytes + 2) return true;
    list.feed(received_.substr(line + 2, bytes));
    received_.erase(0, line + 2 + bytes + 2);
  }
}

bool WatchClient::receive(std::chrono::milliseconds patience) {
  if (socket_ < 0) return false;
  if (!readable(socket_, static_cast<int>(patience.count()))) return true;
  if (more() && take_chunks()) return true;
  disconnect();
  return false;
}

bool WatchClient::receive_until(const std::function<bool()>& condition, bool reconnect) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (receive()) continue;
    if (!reconnect) return condition();
    if (!test::wait_for([&] { return connect() == 200; })) return false;
  }
  return true;
}

}  // namespace dmp::registry
