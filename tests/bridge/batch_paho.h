// BatchPaho: a source whose broker is the test, which decides which bytes arrive together.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bridge/adapters/memory_window.h"
#include "bridge/adapters/paho_source.h"
#include "tests/bridge/mqtt_broker.h"

namespace dmp::bridge {

inline constexpr int kPatienceS = 30;
inline constexpr int kLookMs = 20;
inline constexpr std::size_t kWindowBytes = 1 << 20;
inline constexpr std::size_t kHigh = 2500;  // messages
inline constexpr std::string_view kTopic =
    "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update";

// MQTT 5.0: CONNACK without properties, for a new session and a kept one; SUBACK of one filter;
// PINGRESP.
inline constexpr std::string_view kConnack("\x20\x03\0\0\0", 5);
inline constexpr std::string_view kConnackKept("\x20\x03\1\0\0", 5);
inline constexpr std::string_view kPingresp("\xd0\0", 2);

inline std::string number_of(std::size_t number) {
  return {static_cast<char>(number / 256), static_cast<char>(number % 256)};
}

inline std::string suback_of(const std::string& subscribe, char reason = 1) {
  return "\x90\x04" + subscribe.substr(2, 2) + std::string(1, '\0') + reason;
}

// QoS 1, no properties, shorter than 16 KiB.
inline std::string publish_of(std::size_t id, const std::string& payload) {
  const std::string body = number_of(kTopic.size()) + std::string(kTopic) + number_of(id) +
                           std::string(1, '\0') + payload;
  std::string length(1, static_cast<char>(body.size()));
  if (body.size() > 127) {
    length = {static_cast<char>(body.size() % 128 + 128), static_cast<char>(body.size() / 128)};
  }
  return "\x32" + length + body;
}

inline std::string puback_of(std::size_t id) { return "\x40\x02" + number_of(id); }

inline std::string pubacks_to(std::size_t last) {
  std::string all;
  for (std::size_t id = 1; id <= last; ++id) all += puback_of(id);
  return all;
}

inline std::string joined(const std::vector<std::string>& records) {
  std::string all;
  for (const std::string& record : records) all += record;
  return all;
}

// Which of this process's sockets is connected to `peer`'s; -1: none.
inline int other_end_of(int peer) {
  sockaddr_in wanted{};
  socklen_t size = sizeof wanted;
  EXPECT_EQ(getpeername(peer, reinterpret_cast<sockaddr*>(&wanted), &size), 0);
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in found{};
    size = sizeof found;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&found), &size) != 0) continue;
    if (found.sin_family == AF_INET && found.sin_port == wanted.sin_port) return fd;
  }
  return -1;
}

// As few bytes on their way as the kernel can do with, towards the owner of `fd` or from it.
inline void shrink(int fd, int which) {
  const int least = 1;
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, which, &least, sizeof least), 0);
}

// One side of a TLS connection: reads a record at a time, and writes what was sealed when it is
// told to.
class Peer {
 public:
  Peer(int fd, SSL_CTX* context) : fd_(fd), ssl_(SSL_new(context), SSL_free) {
    const timeval patience{kPatienceS, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    SSL_set_fd(ssl_.get(), fd_);
    EXPECT_EQ(SSL_accept(ssl_.get()), 1);
    SSL_set0_wbio(ssl_.get(), BIO_new(BIO_s_mem()));
  }
  ~Peer() { close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] bool is_readable() const {
    pollfd readable{fd_, POLLIN, 0};
    return SSL_pending(ssl_.get()) > 0 || poll(&readable, 1, kLookMs) == 1;
  }

  // One record; empty if none comes.
  std::string read_record() {
    std::string record(16'384, '\0');
    const int size = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    record.resize(static_cast<std::size_t>(std::max(size, 0)));
    return record;
  }

  // `packets` as one record, not yet sent.
  std::string sealed(std::string_view packets) {
    EXPECT_GT(SSL_write(ssl_.get(), packets.data(), static_cast<int>(packets.size())), 0);
    char* bytes = nullptr;
    BIO* const out = SSL_get_wbio(ssl_.get());
    const auto size = BIO_get_mem_data(out, &bytes);
    std::string record(bytes, static_cast<std::size_t>(size));
    EXPECT_EQ(BIO_reset(out), 1);
    return record;
  }

  [[nodiscard]] int fd() const { return fd_; }

  // Sends no more; what comes is still taken, or the kernel would throw away what is on its way.
  void finish() const { shutdown(fd_, SHUT_WR); }

  void send(const std::string& bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  int fd_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

class BatchPaho : public testing::Test {
 protected:
  BatchPaho()
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
        listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    SSL_CTX_use_certificate_file(context_.get(), files_.file("server.crt").c_str(),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), files_.file("server.key").c_str(),
                                SSL_FILETYPE_PEM);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, any, size), 0);
    shrink(listener_, SO_RCVBUF);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, any, &size), 0);
    MqttOptions options = files_.options();
    options.uri = "ssl://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    options.filters = {"dmp/v1/+/+/update"};
    options.marks = {
        .high_bytes = kWindowBytes, .low_bytes = 0, .high_messages = kHigh, .low_messages = 0};
    source_ = std::make_unique<PahoSource>(options, window_, wake_, clock_);
    come_up();
  }
  ~BatchPaho() override { close(listener_); }

  // The SUBSCRIBE that follows.
  std::string connect(std::string_view connack) {
    source_->connect();
    peer_ = std::make_unique<Peer>(accept(listener_, nullptr, nullptr), context_.get());
    peer_->read_record();
    peer_->send(peer_->sealed(connack));
    wait_for(SourceEvent::Kind::kUp);
    return peer_->read_record();
  }

  void come_up() {
    const std::string subscribe = connect(kConnack);
    peer_->send(peer_->sealed(suback_of(subscribe)));
    wait_for(SourceEvent::Kind::kSubscribed);
  }

  // Its reason.
  std::string wait_for(SourceEvent::Kind kind) {
    const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
    while (clock_.steady() < deadline) {
      const auto event = source_->poll();
      if (event && event->kind == kind) return event->reason;
      const SteadyTime now = clock_.steady();
      if (!event) wake_.wait_until(now + std::chrono::milliseconds(kLookMs), now);
    }
    ADD_FAILURE() << "it did not come";
    return {};
  }

  // The next acknowledgements, until there are `bytes` of them or nothing comes.
  std::vector<std::string> acknowledgements(std::size_t bytes) {
    std::vector<std::string> records;
    for (std::size_t got = 0; got < bytes; got += records.back().size()) {
      records.push_back(peer_->read_record());
      if (records.back().empty()) break;
    }
    return records;
  }

  // How many messages are there once no more come.
  std::size_t stops_at() {
    constexpr int kQuietLooks = 10;
    const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
    std::size_t messages = 0;
    for (int looks = 0; looks < kQuietLooks && clock_.steady() < deadline; ++looks) {
      poll(nullptr, 0, kLookMs);
      if (messages == 0 || window_.level().messages != messages) looks = 0;
      messages = window_.level().messages;
    }
    return messages;
  }

  std::vector<std::string> payloads() {
    std::vector<std::string> all;
    while (const auto message = window_.take()) all.emplace_back(message->payload);
    return all;
  }

  MqttBroker files_;
  SystemClock clock_;
  Wake wake_;
  MemoryWindow window_{kWindowBytes, 2 * kHigh};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_;
  std::unique_ptr<PahoSource> source_;
  std::unique_ptr<Peer> peer_;
};

}  // namespace dmp::bridge
