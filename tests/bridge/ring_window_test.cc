// RingWindow killed between any two of its stores, again and again.
#include "bridge/adapters/ring_window.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "bridge/core/window_record.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kRing = 72 * 1024;
constexpr std::size_t kMessages = 30;
const std::string kBridge = "bridge-1";

struct alignas(64) Line {
  std::byte bytes[64];
};

// A window that can be killed in the middle of an append or a free, and what it must still hold.
class Mortal {
 public:
  Mortal() : lines_((kImageHeadBytes + kRing) / sizeof(Line)), random_(0) {
    format_image(bytes(), kBridge);
    start();
  }

  void live(std::uint32_t seed, int steps) {
    random_.seed(seed);
    for (int step = 0; step < steps; ++step) {
      switch (below(8)) {
        case 0:
        case 1:
        case 2:
          append();
          break;
        case 3:
        case 4:
          take();
          break;
        case 5:
          free();
          break;
        case 6:
          append_killed();
          break;
        default:
          free_killed();
      }
    }
  }

 private:
  std::span<std::byte> bytes() {
    return {reinterpret_cast<std::byte*>(lines_.data()), lines_.size() * sizeof(Line)};
  }
  std::size_t below(std::size_t most) { return random_() % most; }

  void start() {
    const Recovered recovered = recover(bytes(), kBridge);
    RC_ASSERT(recovered.foreign.empty());
    RC_ASSERT(recovered.damage.empty());
    window_ = std::make_unique<RingWindow>(bytes(), recovered, kMessages);
    taken_ = 0;
  }

  [[nodiscard]] std::vector<std::string> held() const {
    std::vector<std::string> payloads;
    const auto recovered = recover(std::as_bytes(std::span(lines_.data(), lines_.size())), kBridge);
    const auto* ring = reinterpret_cast<const std::byte*>(lines_.data()) + kImageHeadBytes;
    for (const std::uint64_t offset : recovered.records) {
      payloads.emplace_back(message_in(ring + offset).payload);
    }
    return payloads;
  }

  std::string append() {
    Message message;
    const std::string payload =
        std::to_string(random_()) + std::string(below(below(3) == 0 ? 30'000 : 300), 'x');
    message.payload = payload;
    if (!window_->append(message)) return "";
    kept_.push_back(payload);
    return payload;
  }

  void take() {
    const auto message = window_->take();
    RC_ASSERT(message.has_value() == (taken_ < kept_.size()));
    if (message) RC_ASSERT(message->payload == kept_[taken_++]);
  }

  std::size_t free() {
    if (taken_ == 0) return 0;
    const std::size_t count = 1 + below(taken_);
    window_->free(count);
    taken_ -= count;
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  // The stores in `after` that came first: the ring's up to a point, then the head's up to a point.
  void tear(const std::vector<Line>& before) {
    const std::vector<Line> after = lines_;
    lines_ = before;
    const bool ring_is_done = below(2) == 0;
    auto* to = reinterpret_cast<std::byte*>(lines_.data());
    const auto* from = reinterpret_cast<const std::byte*>(after.data());
    const std::size_t ring_cut = ring_is_done ? kRing : below(kRing);
    std::memcpy(to + kImageHeadBytes, from + kImageHeadBytes, ring_cut);
    if (!ring_is_done) return;
    // Aimed at the cells, which is where it matters.
    const std::size_t cell = (below(2) == 0 ? 1024 : 2048) + 64 * below(2);
    std::memcpy(to, from, cell + below(25));
  }

  void append_killed() {
    const std::vector<Line> before = lines_;
    const std::string payload = append();
    window_.reset();
    tear(before);
    const auto now = held();
    if (!payload.empty() && now.size() + 1 == kept_.size()) kept_.pop_back();
    RC_ASSERT(std::equal(now.begin(), now.end(), kept_.begin(), kept_.end()));
    start();
  }

  void free_killed() {
    const std::vector<Line> before = lines_;
    const std::deque<std::string> kept = kept_;
    free();
    window_.reset();
    tear(before);
    const auto now = held();
    if (now.size() == kept.size()) kept_ = kept;
    RC_ASSERT(std::equal(now.begin(), now.end(), kept_.begin(), kept_.end()));
    start();
  }

  std::vector<Line> lines_;
  std::mt19937 random_;
  std::unique_ptr<RingWindow> window_;
  std::deque<std::string> kept_;
  std::size_t taken_ = 0;
};

TEST(RingWindow, killed_between_any_two_stores_loses_nothing_and_repeats_one_free_at_most) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    Mortal window;
    window.live(seed, 100);
  }));
}

}  // namespace
}  // namespace dmp::bridge
