#include "base/admin_port.h"

#include <array>
#include <atomic>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <ifaddrs.h>
#include <poll.h>

namespace dmp {
namespace {

class AdminPortTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto bound = port_.run("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().message;
    bound_ = *bound;
    client_.emplace("127.0.0.1", bound_);
  }

  Metrics metrics_;
  std::atomic<bool> ready_ = false;
  mutable std::atomic<int> stops_ = 0;
  [[nodiscard]] AdminChecks checks() const {
    return {.live =
                [] {
                  return Verdict{true, "turning"};
                },
            .ready =
                [this] {
                  return Verdict{ready_, ready_ ? "ready" : "kafka down"};
                },
            .parts = {{"api",
                       [] {
                         return Verdict{true, "reaches the database"};
                       }}},
            .stop = [this] { ++stops_; }};
  }

  AdminPort port_{metrics_, checks()};
  int bound_ = 0;
  std::optional<httplib::Client> client_;
};

TEST_F(AdminPortTest, ready_follows_the_program_and_says_why) {
  auto answer = client_->Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "kafka down\n");
  ready_ = true;
  answer = client_->Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminPortTest, a_part_is_asked_by_its_name_and_answers_for_itself) {
  const auto part = client_->Get("/readyz/api");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->status, 200);
  EXPECT_EQ(client_->Get("/readyz")->status, 503) << "the whole may be behind meanwhile";
  EXPECT_EQ(client_->Get("/readyz/other")->status, 404);
}

TEST_F(AdminPortTest, live_does_not_depend_on_readiness) {
  const auto answer = client_->Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminPortTest, metrics_are_prometheus_text) {
  auto counter = metrics_.counter("dmp_test_total", "Things.", {{"kind", "a"}});
  counter.add(3);
  metrics_.counter("dmp_test_total", "Things.", {{"kind", "a"}}).add();
  const auto answer = client_->Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->body.find("dmp_test_total{kind=\"a\"} 4"), std::string::npos) << answer->body;
}

TEST_F(AdminPortTest, metrics_tell_what_the_process_takes) {
  const auto answer = client_->Get("/metrics");
  ASSERT_TRUE(answer);
  for (const char* series : {"\nprocess_resident_memory_bytes ", "\nprocess_cpu_seconds_total "}) {
    EXPECT_NE(answer->body.find(series), std::string::npos) << series;
  }
  EXPECT_EQ(answer->body.find("process_resident_memory_bytes 0\n"), std::string::npos);
}

TEST_F(AdminPortTest, a_post_from_this_machine_stops_the_program) {
  const auto answer = client_->Post("/stop");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(stops_, 1);
}

TEST_F(AdminPortTest, neither_a_get_nor_a_page_in_a_browser_stops_the_program) {
  const auto got = client_->Get("/stop");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 404);
  const auto posted = client_->Post("/stop", httplib::Headers{{"Origin", "https://example.org"}},
                                    std::string(), "text/plain");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 403);
  EXPECT_NE(posted->body.find("browser"), std::string::npos) << posted->body;
  EXPECT_NE(posted->body.find("Origin"), std::string::npos) << posted->body;
  EXPECT_EQ(stops_, 0);
}

// A connection on which every byte is as a test has it.
class Wire {
 public:
  explicit Wire(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(const std::string& text) const {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  [[nodiscard]] bool says_something_within(int ms) const {
    pollfd wanted{fd_, POLLIN, 0};
    return poll(&wanted, 1, ms) == 1;
  }

  [[nodiscard]] std::string status_line() const {
    std::string line(12, ' ');
    const auto got = recv(fd_, line.data(), line.size(), MSG_WAITALL);
    return got == static_cast<ssize_t>(line.size()) ? line : "";
  }

  // Back when the server has ended the connection.
  void drain() const {
    std::array<char, 1024> rest{};
    while (recv(fd_, rest.data(), rest.size(), 0) > 0) continue;
  }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

// What `curl -X POST` sends.
TEST_F(AdminPortTest, a_post_without_a_body_and_its_length_stops_the_program) {
  const Wire wire(bound_);
  wire.send("POST /stop HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(wire.status_line(), "HTTP/1.1 202");
  EXPECT_EQ(stops_, 1);
}

// A page in a browser chooses what its body says, but not whether there is an Origin.
TEST_F(AdminPortTest, the_body_of_a_request_is_never_a_request_of_its_own) {
  const std::string body = "POST /stop HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const Wire wire(bound_);
  wire.send(
      "POST /stop HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://example.org\r\n"
      "Content-Type: text/plain\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_FALSE(wire.says_something_within(200)) << "answered before the body was read";
  wire.send(body);
  EXPECT_EQ(wire.status_line(), "HTTP/1.1 403");
  wire.drain();
  EXPECT_EQ(stops_, 0);
}

// An address of this machine that is not loopback; empty: it has none.
std::string own_address() {
  ifaddrs* all = nullptr;
  std::string found;
  if (getifaddrs(&all) != 0) return found;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN];
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    if (!is_loopback(text)) found = text;
  }
  freeifaddrs(all);
  return found;
}

TEST_F(AdminPortTest, nobody_else_stops_the_program_though_the_port_is_open_to_all) {
  const std::string address = own_address();
  if (address.empty()) GTEST_SKIP() << "this machine has no address but loopback";
  AdminPort open(metrics_, checks());
  const auto bound = open.run("0.0.0.0", 0);
  ASSERT_TRUE(bound) << bound.error().message;
  httplib::Client client(address, *bound);
  const auto posted = client.Post("/stop");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 403);
  EXPECT_EQ(stops_, 0);
  EXPECT_EQ(client.Get("/livez")->status, 200);
}

TEST(IsLoopback, knows_the_addresses_of_this_machine_from_others) {
  for (const auto* address : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const auto* address :
       {"", "10.0.0.1", "::2", "::ffff:10.127.0.1", "1127.0.0.1", "fe80::1"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST_F(AdminPortTest, nothing_else_is_there) {
  const auto answer = client_->Get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST_F(AdminPortTest, a_taken_port_is_an_error_that_names_it) {
  AdminPort second(metrics_, {[] { return Verdict{}; }, [] { return Verdict{}; }});
  const auto bound = second.run("127.0.0.1", bound_);
  ASSERT_FALSE(bound);
  EXPECT_NE(bound.error().message.find(std::to_string(bound_)), std::string::npos);
}

TEST_F(AdminPortTest, stops_at_once_and_twice) {
  port_.stop();
  port_.stop();
  EXPECT_FALSE(client_->Get("/livez"));
}

}  // namespace
}  // namespace dmp
