#include "base/endpoints.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dmp {
namespace {

TEST(Endpoints, brokers_are_hosts_with_ports) {
  for (const char* good : {"kafka:9092", "127.0.0.1:1,[::1]:65535", "a:1, b:2", "kafka", "[::1]",
                           "a:1,", ",,a:1", "SSL://a:1,PLAINTEXT://b"}) {
    EXPECT_TRUE(check_brokers("kafka-brokers", good)) << good;
  }
  for (const char* bad : {"", " , ", "kafka:", ":9092", "kafka:0", "kafka:65536", "kafka:90x",
                          "a:1 b:2", "a:1;b:2", "http://a:1", "ssl://", "::1:9092"}) {
    const auto refused = check_brokers("kafka-brokers", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("setting kafka-brokers: '"), std::string::npos);
    EXPECT_NE(refused.error().message.find("host:port"), std::string::npos);
  }
}

TEST(Endpoints, an_address_to_listen_at_is_one_of_the_kind_asked_for) {
  for (const char* good : {"127.0.0.1", "0.0.0.0", "::1", "localhost"}) {
    EXPECT_TRUE(check_listen_address("admin-address", good)) << good;
  }
  EXPECT_FALSE(check_listen_address("api-address", "::1", AddressKind::kV4));
  for (const char* bad : {"", "256.0.0.1", "127.0.0.1:80", "no such host"}) {
    const auto refused = check_listen_address("admin-address", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("setting admin-address: '" + std::string(bad) + "'"),
              std::string::npos)
        << refused.error().message;
  }
}

TEST(Endpoints, why_nothing_can_listen_there_is_told_apart) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_NE(why_not_listen("127.0.0.1", ntohs(address.sin_port)).find("another program"),
            std::string::npos);
  close(fd);
  EXPECT_NE(why_not_listen("192.0.2.1", 0).find("not of this machine"), std::string::npos);
  EXPECT_NE(why_not_listen("no such host", 0).find("no IP address"), std::string::npos);
  EXPECT_EQ(why_not_listen("127.0.0.1", 0), "");
}

}  // namespace
}  // namespace dmp
