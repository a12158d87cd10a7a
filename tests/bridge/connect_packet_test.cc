// What the source says in its CONNECT, byte by byte: Paho C++ 1.2.0 loses the properties of options
// that were copied or built, and nothing but the wire shows it. And what it says of a CONNACK.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/adapters/memory_window.h"
#include "bridge/adapters/paho_source.h"

namespace dmp::bridge {
namespace {

constexpr int kPatienceMs = 30'000;

// Accepts connections, reads the first packet, answers and hangs up.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 4), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }

  std::vector<std::uint8_t> next_packet(const std::vector<std::uint8_t>& answer = {}) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) return {};
    const int peer = accept(fd_, nullptr, nullptr);
    std::vector<std::uint8_t> packet(512);
    pollfd readable{peer, POLLIN, 0};
    ssize_t size = 0;
    if (poll(&readable, 1, kPatienceMs) == 1) size = read(peer, packet.data(), packet.size());
    EXPECT_EQ(write(peer, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    close(peer);
    packet.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return packet;
  }

  int port = 0;

 private:
  int fd_;
};

struct Connect {
  std::string protocol;
  int version = 0;
  int flags = 0;
  int keepalive = 0;
  std::map<int, std::uint32_t> numbers;  // properties by identifier
  std::string client_id;
};

// MQTT 5.0, 3.1. Only the properties the source sends.
Connect parse_connect(const std::vector<std::uint8_t>& packet) {
  std::size_t at = 0;
  const auto byte = [&] { return at < packet.size() ? packet[at++] : std::uint8_t{0}; };
  const auto number = [&](int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value * 256 + byte();
    return value;
  };
  const auto text = [&] {
    std::string value;
    for (std::uint32_t left = number(2); left > 0; --left) value += static_cast<char>(byte());
    return value;
  };
  Connect connect;
  EXPECT_EQ(byte(), 0x10) << "not a CONNECT";
  while ((byte() & 0x80) != 0) {
  }
  connect.protocol = text();
  connect.version = byte();
  connect.flags = byte();
  connect.keepalive = static_cast<int>(number(2));
  const std::size_t end = byte() + at;
  while (at < end && at < packet.size()) {
    const int identifier = byte();
    EXPECT_TRUE(identifier == 0x11 || identifier == 0x21) << "property " << identifier;
    connect.numbers[identifier] = number(identifier == 0x11 ? 4 : 2);
  }
  connect.client_id = text();
  return connect;
}

constexpr int kSessionExpiry = 0x11;
constexpr int kReceiveMaximum = 0x21;
constexpr int kCleanStart = 0x02;

// Why the attempt failed; nothing if it does not end, or well.
std::optional<std::string> failure(PahoSource& source, Wake& wake, const Clock& clock) {
  const auto deadline = clock.steady() + std::chrono::milliseconds(kPatienceMs);
  while (clock.steady() < deadline) {
    if (const auto event = source.poll()) {
      if (event->kind != SourceEvent::Kind::kDown) return std::nullopt;
      return event->reason;
    }
    wake.wait_until(clock.steady() + std::chrono::milliseconds(200), clock.steady());
  }
  return std::nullopt;
}

MqttOptions options_to(const Listener& listener) {
  return {.uri = "tcp://127.0.0.1:" + std::to_string(listener.port),
          .client_id = "bridge-1",
          .ca_file = {},
          .certificate_file = {},
          .key_file = {},
          .filters = {"dmp/v1/+/+/update"},
          .receive_max = 500};
}

TEST(ConnectPacket, carries_session_expiry_and_receive_maximum_at_every_attempt) {
  const Listener listener;
  const SystemClock clock;
  Wake wake;
  MemoryWindow window(1 << 20, 10);
  PahoSource source(options_to(listener), window, wake, clock);
  int seen = 0;
  for (int attempt = 0; attempt < 30 && seen < 3; ++attempt) {
    source.connect();
    const auto packet = listener.next_packet();
    ASSERT_TRUE(failure(source, wake, clock));
    // Paho may close a connection unused when it follows the last one this closely.
    if (packet.empty()) continue;
    ++seen;
    const Connect connect = parse_connect(packet);
    EXPECT_EQ(connect.protocol, "MQTT");
    EXPECT_EQ(connect.version, 5);
    EXPECT_EQ(connect.flags & kCleanStart, 0);
    EXPECT_EQ(connect.keepalive, 30);
    EXPECT_EQ(connect.client_id, "bridge-1");
    ASSERT_TRUE(connect.numbers.contains(kSessionExpiry)) << "attempt " << attempt;
    EXPECT_EQ(connect.numbers.at(kSessionExpiry), 7U * 24 * 3600);
    ASSERT_TRUE(connect.numbers.contains(kReceiveMaximum)) << "attempt " << attempt;
    EXPECT_EQ(connect.numbers.at(kReceiveMaximum), 500U);
  }
  EXPECT_EQ(seen, 3);
}

// What the source says of a broker that answers so; nothing if it takes it.
std::optional<std::string> reason_of(const std::vector<std::uint8_t>& connack) {
  const Listener listener;
  const SystemClock clock;
  Wake wake;
  MemoryWindow window(1 << 20, 10);
  PahoSource source(options_to(listener), window, wake, clock);
  source.connect();
  EXPECT_FALSE(listener.next_packet(connack).empty());
  return failure(source, wake, clock);
}

TEST(ConnectPacket, is_answered_with_a_refusal_whose_reason_is_told) {
  const auto reason = reason_of({0x20, 3, 0, 0x87, 0});  // MQTT 5.0, 3.2: not authorized
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("Not authorized"), std::string::npos) << *reason;
  EXPECT_EQ(reason->find("no connection"), std::string::npos) << *reason;
}

// MQTT 5.0, 3.2.2.3. Agents' messages would be lost, so it is no broker for us.
TEST(ConnectPacket, is_answered_with_less_than_was_asked_for_which_is_told_and_the_way_out) {
  const std::pair<std::vector<std::uint8_t>, std::string> cases[] = {
      {{0x20, 5, 0, 0, 2, 0x24, 0},
       "only grants QoS 0, by which messages are lost: raise its max_qos"},
      {{0x20, 8, 0, 0, 5, 0x11, 0, 0, 0x0e, 0x10},
       "for 3600 s after a connection ends, not for 604800: raise its limit"},
  };
  for (const auto& [connack, told] : cases) {
    const auto reason = reason_of(connack);
    ASSERT_TRUE(reason) << "it was taken: " << told;
    EXPECT_NE(reason->find(told), std::string::npos) << *reason;
  }
}

}  // namespace
}  // namespace dmp::bridge
