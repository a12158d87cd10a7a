#include "bridge/core/window_image.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "bridge/core/checksum.h"
#include "bridge/core/window_record.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kRing = 80 * 1024;
const std::string kBridge = "bridge-1";

using Payloads = std::vector<std::string>;

struct alignas(64) Line {
  std::byte bytes[64];
};

// An image that messages are written to as a window writes them, step by step.
class Image {
 public:
  Image() : lines_((kImageHeadBytes + kRing) / sizeof(Line)) {
    format_image(bytes(), kBridge);
    restart({});
  }

  // As the next start does.
  void restart(Begin next) {
    begin_.emplace(bytes());
    end_.emplace(bytes());
    next_ = next;
  }

  std::span<std::byte> bytes() {
    return {reinterpret_cast<std::byte*>(lines_.data()), lines_.size() * sizeof(Line)};
  }
  std::span<std::byte> ring() { return bytes().subspan(kImageHeadBytes); }

  // The record alone: nothing says yet that it is there.
  std::span<std::byte> write(const std::string& payload) {
    Message message;
    message.topic = "topic";
    message.payload = payload;
    const std::size_t bytes = record_bytes(message);
    if (kRing - next_.offset < bytes) {
      if (kRing - next_.offset >= kRecordHeadBytes) {
        write_skip(ring().subspan(next_.offset, kRecordHeadBytes), next_.sequence);
      }
      next_.offset = 0;
    }
    const auto record = ring().subspan(next_.offset, bytes);
    write_record(record, next_.sequence, message);
    next_ = {next_.sequence + 1, next_.offset + bytes};
    return record;
  }
  void publish() { end_->store({.sequence = next_.sequence}); }
  std::span<std::byte> append(const std::string& payload) {
    const auto record = write(payload);
    publish();
    return record;
  }
  // Everything written so far.
  void free_all() { begin_->store({next_.sequence, next_.offset % kRing}); }

  [[nodiscard]] Begin next() const { return next_; }

 private:
  std::vector<Line> lines_;
  std::optional<TwinCell<Begin>> begin_;
  std::optional<TwinCell<End>> end_;
  Begin next_;  // where the next message goes
};

Payloads payloads_of(std::span<const std::byte> image, const Recovered& recovered) {
  Payloads payloads;
  for (const std::uint64_t offset : recovered.records) {
    payloads.emplace_back(message_in(image.data() + kImageHeadBytes + offset).payload);
  }
  return payloads;
}

bool is_reported(const Recovered& recovered) {
  return !recovered.foreign.empty() || !recovered.damage.empty();
}

std::span<const std::byte> bytes_of_text(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Crc32c, gives_the_values_that_the_iscsi_standard_lists) {
  EXPECT_EQ(crc32c(bytes_of_text(std::string(32, '\0'))), 0x8a9136aaU);
  EXPECT_EQ(crc32c(bytes_of_text(std::string(32, '\xff'))), 0x62a8ab43U);
  EXPECT_EQ(crc32c(bytes_of_text("123456789")), 0xe3069283U);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(crc32c(bytes_of_text(text)), crc32c_by_tables(bytes_of_text(text)));
    text += static_cast<char>(i * 37);
  }
}

TEST(WindowImage, gives_back_what_was_not_freed_in_order) {
  Image image;
  image.append("a");
  image.append("b");
  image.free_all();
  image.append("c");
  image.append("d");
  const Recovered recovered = recover(image.bytes(), kBridge);
  EXPECT_FALSE(is_reported(recovered)) << recovered.foreign << recovered.damage;
  EXPECT_EQ(payloads_of(image.bytes(), recovered), (Payloads{"c", "d"}));
  EXPECT_EQ(recovered.begin.sequence, 2U);
  EXPECT_EQ(recovered.end(), 4U);
}

TEST(WindowImage, follows_the_ring_around_its_end_wherever_that_falls) {
  for (std::size_t first = 1; first < 200; ++first) {
    Image image;
    image.append(std::string(first, 'x'));
    image.append(std::string(40'000, 'x'));
    image.free_all();
    Payloads expected;
    for (int i = 0; i < 3; ++i) {
      expected.emplace_back(20'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
      image.append(expected.back());
    }
    const Recovered recovered = recover(image.bytes(), kBridge);
    EXPECT_FALSE(is_reported(recovered));
    EXPECT_EQ(payloads_of(image.bytes(), recovered), expected) << first;
  }
}

TEST(WindowImage, calls_a_file_of_another_kind_version_or_bridge_foreign_and_says_why) {
  Image image;
  image.append("a");
  EXPECT_EQ(recover({}, kBridge).foreign, "it is too short for a window");
  EXPECT_EQ(recover(image.bytes(), "bridge-2").foreign, "it belongs to bridge 'bridge-1'");
  const std::vector<std::byte> zeros(kImageHeadBytes + kRing);
  EXPECT_EQ(recover(zeros, kBridge).foreign, "it is not a window file");
  image.bytes()[8] = std::byte{2};
  EXPECT_EQ(recover(image.bytes(), kBridge).foreign, "it has version 2, not 1");
}

// A kill stops the stores of an append at any point: the record's bytes first, then the end.
TEST(WindowImage, takes_an_append_cut_off_by_a_kill_for_no_damage) {
  for (const bool has_history : {false, true}) {
    Image before;
    for (int i = 0; has_history && i < 3; ++i) before.append("earlier");
    Image after = before;
    after.restart(before.next());
    const auto record = after.write("new");
    const auto at = static_cast<std::size_t>(record.data() - after.bytes().data());
    Payloads expected = payloads_of(before.bytes(), recover(before.bytes(), kBridge));
    for (std::size_t cut = 0; cut < record.size(); ++cut) {
      Image torn = before;
      std::memcpy(torn.bytes().data() + at, record.data(), cut);
      const Recovered recovered = recover(torn.bytes(), kBridge);
      EXPECT_FALSE(is_reported(recovered)) << cut << recovered.damage;
      EXPECT_EQ(payloads_of(torn.bytes(), recovered), expected);
    }
    const Image written = after;
    after.publish();
    expected.emplace_back("new");
    for (std::size_t cut = 0; cut <= kImageHeadBytes; ++cut) {
      Image torn = written;
      std::memcpy(torn.bytes().data(), after.bytes().data(), cut);
      const Recovered recovered = recover(torn.bytes(), kBridge);
      ASSERT_FALSE(is_reported(recovered)) << cut << recovered.damage;
      ASSERT_EQ(payloads_of(torn.bytes(), recovered), expected);
    }
  }
}

TEST(WindowImage, gives_back_at_most_what_one_free_cut_off_by_a_kill_freed) {
  Image before;
  before.append("a");
  before.free_all();
  before.append("b");
  before.append("c");
  Image after = before;
  after.restart(before.next());
  after.free_all();
  for (std::size_t cut = 0; cut <= kImageHeadBytes; ++cut) {
    Image torn = before;
    std::memcpy(torn.bytes().data(), after.bytes().data(), cut);
    const Recovered recovered = recover(torn.bytes(), kBridge);
    ASSERT_FALSE(is_reported(recovered)) << cut << recovered.damage;
    const Payloads payloads = payloads_of(torn.bytes(), recovered);
    ASSERT_TRUE(payloads.empty() || payloads == (Payloads{"b", "c"})) << cut;
  }
}

TEST(WindowImage, cut_at_any_byte_gives_back_what_is_before_and_reports_the_rest) {
  Image image;
  image.append("a");
  image.append("b");
  const auto last = image.append("the last one");
  const auto at = static_cast<std::size_t>(last.data() - image.bytes().data());
  for (std::size_t size = 0; size < image.bytes().size(); size = size < at ? at : size + 1) {
    // A copy of exactly that size, so that reading behind it is seen.
    const std::vector<std::byte> file(image.bytes().begin(),
                                      image.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    const Recovered recovered = recover(file, kBridge);
    ASSERT_TRUE(is_reported(recovered)) << size;
    if (size < at) continue;
    const bool whole = size >= at + last.size();
    const Payloads expected = whole ? Payloads{"a", "b", "the last one"} : Payloads{"a", "b"};
    ASSERT_EQ(payloads_of(file, recovered), expected) << size;
    ASSERT_EQ(recovered.lost, whole ? 0U : 1U);
  }
}

TEST(WindowImage, finds_every_flipped_bit_of_the_last_record) {
  Image image;
  image.append("a");
  const auto last = image.append("the last one");
  for (std::size_t bit = 0; bit < last.size() * 8; ++bit) {
    const auto mask = std::byte{1} << static_cast<int>(bit % 8);
    last[bit / 8] ^= mask;
    const Recovered recovered = recover(image.bytes(), kBridge);
    last[bit / 8] ^= mask;
    ASSERT_EQ(recovered.damage, "a record is damaged") << bit;
    ASSERT_EQ(payloads_of(image.bytes(), recovered), (Payloads{"a"}));
    ASSERT_EQ(recovered.lost, 1U);
  }
}

TEST(WindowImage, finds_a_record_that_power_loss_left_as_zeros) {
  Image image;
  image.append("a");
  const auto lost = image.append("b");
  image.append("c");
  std::memset(lost.data(), 0, lost.size());
  const Recovered recovered = recover(image.bytes(), kBridge);
  EXPECT_EQ(recovered.damage, "a record is damaged");
  EXPECT_EQ(payloads_of(image.bytes(), recovered), (Payloads{"a"}));
  EXPECT_EQ(recovered.lost, 2U);
}

// Whatever bits flip, wherever: nothing is given back that was not appended, nothing out of order,
// and nothing is missing without a word. Messages of the last free may come again.
TEST(WindowImage, with_any_flipped_bits_gives_back_no_wrong_message_and_reports_what_is_missing) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t most) { return random() % most; };
    Image image;
    Payloads freed;
    for (std::size_t round = below(4); round > 0; --round) {
      freed.clear();
      for (std::size_t i = 0; i < 1 + below(5); ++i) {
        freed.push_back(std::to_string(random()) + std::string(below(8000), 'f'));
        image.append(freed.back());
      }
      image.free_all();
    }
    Payloads kept;
    for (std::size_t i = below(6); i > 0; --i) {
      kept.push_back(std::to_string(random()) + std::string(below(3000), 'k'));
      image.append(kept.back());
    }
    Payloads all = freed;
    all.insert(all.end(), kept.begin(), kept.end());
    // Most of the image is empty: aim at what is used.
    for (std::size_t flips = 1 + below(8); flips > 0; --flips) {
      const std::size_t places[] = {below(96), 1024 + below(128), 2048 + below(128),
                                    kImageHeadBytes + below(kRing),
                                    kImageHeadBytes + below(image.next().offset + 1)};
      image.bytes()[places[below(5)]] ^= std::byte{1} << static_cast<int>(below(8));
    }
    const Recovered recovered = recover(image.bytes(), kBridge);
    const Payloads found = payloads_of(image.bytes(), recovered);
    const Payloads again(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(
                                                            std::min(found.size(), all.size())));
    const bool is_of_kept =
        found.size() <= kept.size() && std::equal(found.begin(), found.end(), kept.begin());
    const bool is_of_all =
        found.size() <= all.size() && std::equal(found.begin(), found.end(), all.begin());
    RC_ASSERT(is_of_kept || is_of_all);
    const bool is_complete = found == kept || found == all;
    RC_ASSERT(is_complete || is_reported(recovered));
  }));
}

TEST(WindowImage, reads_any_bytes_whatever_they_are) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& noise, std::uint16_t at) {
    Image image;
    image.append("a");
    const std::size_t start = at % (kImageHeadBytes + 200);
    for (std::size_t i = 0; i < noise.size(); ++i) {
      image.bytes()[start + i] = static_cast<std::byte>(noise[i]);
    }
    const Recovered recovered = recover(image.bytes(), kBridge);
    RC_ASSERT(recovered.records.size() <= 1U);
  }));
}

TEST(PlaceRecord, never_splits_a_record_nor_covers_one_that_is_kept) {
  EXPECT_EQ(place_record(0, 0, 100, 100)->at, 0U);
  EXPECT_FALSE(place_record(0, 0, 100, 101));
  EXPECT_EQ(place_record(40, 0, 100, 60)->at, 40U);
  EXPECT_FALSE(place_record(40, 0, 100, 61)) << "the beginning is still used";
  EXPECT_EQ(place_record(40, 40, 100, 50)->at, 100U) << "an empty window starts over";
  EXPECT_TRUE(place_record(40, 40, 100, 50)->starts_over);
  const auto place = place_record(1000 * 3 + 900, 1000 * 3 + 500, 1000, 200);
  EXPECT_EQ(place->at, 4000U);
  EXPECT_TRUE(place->skips);
  EXPECT_FALSE(place_record(1000 * 3 + 960, 1000 * 3 + 500, 1000, 200)->skips) << "no room for it";
}

}  // namespace
}  // namespace dmp::bridge
