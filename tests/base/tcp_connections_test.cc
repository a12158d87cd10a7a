#include "base/tcp_connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dmp {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Takes connections at a port of its own.
class Server {
 public:
  Server() {
    const sockaddr_in any = loopback(0);
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(socket_.fd(), 8), 0);
  }

  [[nodiscard]] int port() const {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.sin_port);
  }

 private:
  Socket socket_;
};

void connect_to(const Server& server, const Socket& client) {
  const sockaddr_in there = loopback(server.port());
  ASSERT_EQ(connect(client.fd(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
}

bool waits_for_acknowledgements(const Socket& client) {
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  getsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  return no_delay == 0;
}

bool is_shut(const Socket& client) {
  char byte = 0;
  return recv(client.fd(), &byte, 1, MSG_DONTWAIT) == 0;
}

struct TcpConnections : testing::Test {
  TcpConnections() {
    connect_to(broker, first);
    connect_to(broker, second);
    connect_to(other, elsewhere);
  }

  Server broker, other;
  Socket first, second, elsewhere;
};

TEST(PortOf, is_the_number_at_the_end_of_a_uri) {
  EXPECT_EQ(port_of("ssl://127.0.0.1:8883"), 8883);
  EXPECT_EQ(port_of("ssl://[::1]:1"), 1);
  EXPECT_EQ(port_of("ssl://broker"), 0);
  EXPECT_EQ(port_of(""), 0);
}

TEST_F(TcpConnections, those_to_a_port_are_found_and_no_others) {
  EXPECT_EQ(connections_to(broker.port()), (std::set<int>{first.fd(), second.fd()}));
  EXPECT_EQ(connections_to(other.port()), std::set<int>{elsewhere.fd()});
  EXPECT_TRUE(connections_to(0).empty());
}

TEST_F(TcpConnections, those_to_a_port_are_shut_but_for_the_spared) {
  shut_connections_to(broker.port(), {second.fd()});
  EXPECT_TRUE(is_shut(first));
  EXPECT_FALSE(is_shut(second));
  EXPECT_FALSE(is_shut(elsewhere));
}

TEST_F(TcpConnections, small_writes_to_a_port_need_not_wait) {
  disable_nagle_to(broker.port());
  EXPECT_FALSE(waits_for_acknowledgements(first));
  EXPECT_FALSE(waits_for_acknowledgements(second));
  EXPECT_TRUE(waits_for_acknowledgements(elsewhere));
}

}  // namespace
}  // namespace dmp
