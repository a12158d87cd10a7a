#include "tests/registry/postgres_proxy.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

namespace dmp::test {
namespace {

constexpr std::uint32_t kMessageMax = 64U << 20U;
constexpr int kSlowMs = 250;
constexpr std::string_view kHost = "host=";

// One message as it came: for the first of a connection without a type.
struct Message {
  char type = 0;
  std::string bytes;
};

bool send_all(int fd, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int fd, char* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = recv(fd, bytes + at, size - at, 0);
    if (got <= 0) return false;
    at += static_cast<std::size_t>(got);
  }
  return true;
}

bool receive(int fd, bool has_type, Message& message) {
  message = {};
  if (has_type) {
    if (!receive_all(fd, &message.type, 1)) return false;
    message.bytes.push_back(message.type);
  }
  std::array<char, 4> length{};
  if (!receive_all(fd, length.data(), length.size())) return false;
  std::uint32_t size = 0;
  std::memcpy(&size, length.data(), length.size());
  size = ntohl(size);
  if (size < length.size() || size > kMessageMax) return false;
  message.bytes.append(length.data(), length.size());
  const std::size_t head = message.bytes.size();
  message.bytes.resize(head + size - length.size());
  return receive_all(fd, message.bytes.data() + head, size - length.size());
}

// What the client asks until it waits for an answer.
struct Request {
  std::string bytes;
  bool executes = false;
  bool ends = false;
};

bool receive_request(int client, Request& request) {
  request = {};
  Message message;
  while (receive(client, true, message)) {
    request.bytes += message.bytes;
    if (message.type == 'E') request.executes = true;
    request.ends = message.type == 'X';
    if (message.type == 'S' || message.type == 'Q' || message.type == 'X') return true;
  }
  return false;
}

// All up to and with ReadyForQuery.
bool receive_answer(int server, std::string& answer) {
  answer.clear();
  Message message;
  while (receive(server, true, message)) {
    answer += message.bytes;
    if (message.type == 'Z') return true;
  }
  return false;
}

std::string typed(char type, const std::string& body) {
  const std::uint32_t size = htonl(static_cast<std::uint32_t>(body.size() + sizeof(size)));
  std::string bytes(1, type);
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  return bytes + body;
}

// An error outside a transaction, and readiness for the next request.
std::string refusal(const std::string& sqlstate, const std::string& text) {
  std::string body;
  for (const char* severity : {"SERROR", "VERROR"}) body += std::string(severity) + '\0';
  body += "C" + sqlstate + '\0' + "M" + text + '\0' + '\0';
  return typed('E', body) + typed('Z', "I");
}

const std::string& refusal_of(Fault fault) {
  static const std::string kRetry =
      refusal("40001", "restart transaction: TransactionRetryWithProtoRefreshError");
  static const std::string kAmbiguous = refusal("40003", "result is ambiguous");
  const bool is_retry = fault == Fault::kRetryUnapplied || fault == Fault::kRetryApplied;
  return is_retry ? kRetry : kAmbiguous;
}

std::string folder_of(const std::string& database) {
  const auto at = database.find(kHost);
  if (at == std::string::npos) return {};
  const auto begin = at + kHost.size();
  return database.substr(begin, database.find(' ', begin) - begin);
}

int connect_to(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  DMP_CHECK(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

struct PostgresProxy::Connection {
  int client = -1;
  int server = -1;
  std::thread thread;

  // Both ends see the end; the numbers stay taken until the object goes.
  void cut() const {
    shutdown(client, SHUT_RDWR);
    shutdown(server, SHUT_RDWR);
  }
};

bool PostgresProxy::fits(const std::string& database) {
  return folder_of(database).starts_with("/") && database.find("port=") == std::string::npos;
}

PostgresProxy::PostgresProxy(const std::string& database)
    : socket_path_(folder_of(database) + "/.s.PGSQL.5432") {
  DMP_CHECK(fits(database));
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  DMP_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  DMP_CHECK(listen(listener_, SOMAXCONN) == 0);
  DMP_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  connection_string_ = database;
  connection_string_.replace(database.find(kHost), kHost.size() + folder_of(database).size(),
                             "host=127.0.0.1 sslmode=disable gssencmode=disable port=" +
                                 std::to_string(ntohs(address.sin_port)));
  acceptor_ = std::thread([this] { accept_all(); });
}

PostgresProxy::~PostgresProxy() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (const auto& connection : connections_) connection->cut();
  for (const auto& connection : connections_) {
    connection->thread.join();
    close(connection->client);
    if (connection->server >= 0) close(connection->server);
  }
}

void PostgresProxy::plan(const std::vector<Fault>& faults) {
  std::lock_guard lock(mutex_);
  plan_.insert(plan_.end(), faults.begin(), faults.end());
}

bool PostgresProxy::plan_is_done() const {
  std::lock_guard lock(mutex_);
  return plan_.empty();
}

Fault PostgresProxy::next_fault() {
  std::lock_guard lock(mutex_);
  if (plan_.empty()) return Fault::kNone;
  const Fault fault = plan_.front();
  plan_.pop_front();
  return fault;
}

void PostgresProxy::accept_all() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    auto connection = std::make_unique<Connection>();
    connection->client = client;
    connection->server = connect_to(socket_path_);
    Connection& accepted = *connection;
    std::lock_guard lock(mutex_);
    connections_.push_back(std::move(connection));
    accepted.thread = std::thread([this, &accepted] {
      serve(accepted);
      accepted.cut();
    });
  }
}

void PostgresProxy::serve(Connection& connection) {
  const int client = connection.client;
  const int server = connection.server;
  std::string answer;
  Message startup;
  if (server < 0 || !receive(client, false, startup) || !send_all(server, startup.bytes) ||
      !receive_answer(server, answer) || !send_all(client, answer)) {
    return;
  }
  Request request;
  while (receive_request(client, request) && !request.ends) {
    const Fault fault = request.executes ? next_fault() : Fault::kNone;
    if (fault == Fault::kCutUnapplied) return;
    const bool is_unapplied =
        fault == Fault::kRetryUnapplied || fault == Fault::kAmbiguousUnapplied;
    if (!is_unapplied) {
      if (!send_all(server, request.bytes) || !receive_answer(server, answer)) return;
      if (fault == Fault::kCutApplied) return;
      if (fault == Fault::kSlow) poll(nullptr, 0, kSlowMs);
    }
    const bool answers = fault == Fault::kNone || fault == Fault::kSlow;
    if (!send_all(client, answers ? answer : refusal_of(fault))) return;
  }
}

}  // namespace dmp::test
