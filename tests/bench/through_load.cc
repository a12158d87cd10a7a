#include "tests/bench/through_load.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/bench/updates_reader.h"

namespace dmp::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kLookMs = 100;
constexpr std::chrono::seconds kPatience{30};  // after the last was published

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now().time_since_epoch())
      .count();
}

// Told by the publisher's thread when each message was sent, and by the reader's when it came.
class Passage {
 public:
  explicit Passage(const PublishLoad& load)
      : load_(load), sent_at_(static_cast<std::size_t>(load.messages)) {}

  void sent(std::int64_t number) {
    sent_at_[static_cast<std::size_t>(number - load_.from)] = now_us();
  }

  void came(std::string_view key, std::string_view payload) {
    const std::int64_t now = now_us();
    std::int64_t number = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), number);
    const auto at = static_cast<std::size_t>(number - load_.from);
    if (number < load_.from || at >= sent_at_.size() || key != topic_of(load_, number)) return;
    const std::int64_t sent_at = sent_at_[at].exchange(0);
    if (sent_at != 0) took_us_.push_back(now - sent_at);  // else it has come before
  }

  [[nodiscard]] bool is_complete() const { return took_us_.size() == sent_at_.size(); }
  [[nodiscard]] std::size_t count() const { return took_us_.size(); }

  ThroughLoad result() {
    std::sort(took_us_.begin(), took_us_.end());
    const auto ms = [&](std::size_t percent) {
      return static_cast<double>(took_us_[(took_us_.size() - 1) * percent / 100]) / 1000;
    };
    return {.p50_ms = ms(50), .p99_ms = ms(99)};
  }

 private:
  const PublishLoad& load_;
  std::vector<std::atomic<std::int64_t>> sent_at_;  // µs; 0: not sent, or it has come
  std::vector<std::int64_t> took_us_;               // of the reader's thread
};

}  // namespace

Result<ThroughLoad> send_through(const std::string& brokers, const PublishLoad& load) {
  auto reader = UpdatesReader::open(brokers, UpdatesReader::From::kEnd);
  if (!reader) return tl::unexpected(reader.error());
  Passage passage(load);
  std::atomic<Steady::rep> deadline = Steady::time_point::max().time_since_epoch().count();
  std::jthread reading([&](const std::stop_token& stop) {
    while (!passage.is_complete() && !stop.stop_requested() &&
           Steady::now().time_since_epoch().count() < deadline) {
      const auto message = reader->next(kLookMs);
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      passage.came({static_cast<const char*>(message->key), message->key_len},
                   {static_cast<const char*>(message->payload), message->len});
    }
  });
  if (auto status = publish(load, [&](std::int64_t number) { passage.sent(number); }); !status) {
    return tl::unexpected(status.error());
  }
  deadline = (Steady::now() + kPatience).time_since_epoch().count();
  reading.join();
  if (passage.is_complete()) return passage.result();
  return fail("lost", std::to_string(passage.count()) + " of " + std::to_string(load.messages) +
                          " messages reached Kafka");
}

}  // namespace dmp::bench
