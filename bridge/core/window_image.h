// What lies where in the window's memory, and how to read it back after a crash. Pure.
//
//   image = head (kImageHeadBytes: whose it is, where its messages begin and end) | ring
//
// The order of stores makes any moment a consistent one for a process that is killed: a record is
// written before the end moves behind it, and its room is used again only after the beginning has
// moved behind it. Begin and end are kept twice each and written in turn, every copy with a
// checksum, so one of them always stands.
// Power loss may tear anything; every damage is found, and what is behind it is not replayed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dmp::bridge {

inline constexpr std::size_t kImageHeadBytes = 4096;

// Where the oldest message kept lies, or the next one if none is kept.
struct Begin {
  std::uint64_t sequence = 0;  // as many messages of the window's whole life are before it
  std::uint64_t offset = 0;    // in the ring

  bool operator==(const Begin&) const = default;
};

// How far it was written.
struct End {
  std::uint64_t sequence = 0;  // of the next message
  std::uint64_t start = 0;  // this message lay at the ring's beginning, and none before it is kept

  bool operator==(const End&) const = default;
};

// Keeps the image's Begin or End. For one thread.
template <class Value>
class TwinCell {
 public:
  // The image must be formatted and outlive it.
  explicit TwinCell(std::span<std::byte> image);

  // Everything stored before is part of what it says.
  void store(Value value) noexcept;

 private:
  std::array<std::byte*, 2> copies_;
  std::size_t next_ = 0;
};

// Makes it the empty window of the bridge `name` (at most 64 bytes), with all behind its head as
// the ring. The image is aligned to 64 bytes.
void format_image(std::span<std::byte> image, std::string_view name);

struct Recovered {
  // Set: this is no window of this bridge and version. Nothing else is set then.
  std::string foreign;
  // Set: why the image may be used no more, though `records` can be trusted.
  std::string damage;
  std::uint64_t lost = 0;  // messages known to have been there, and not readable

  Begin begin;
  std::vector<std::uint64_t> records;  // offsets in the ring, oldest first
  std::uint64_t start = 0;             // as End::start

  [[nodiscard]] std::uint64_t end() const { return begin.sequence + records.size(); }
};

// Reads whatever bytes a file has.
Recovered recover(std::span<const std::byte> image, std::string_view name);

// Positions count bytes of the ring from the window's start on, over all its rounds; those of
// messages kept are in [tail, head), head - tail <= ring_bytes.
struct Place {
  std::uint64_t at = 0;
  bool skips = false;        // `at` is at the ring's beginning and `head` needs a write_skip
  bool starts_over = false;  // the same without a write_skip, and nothing before `at` is kept
};

// Where a record of `bytes` goes, in one piece; nothing if there is no room. An empty window goes
// on at the ring's beginning, so that it keeps using the same few pages while Kafka keeps up.
std::optional<Place> place_record(std::uint64_t head, std::uint64_t tail, std::uint64_t ring_bytes,
                                  std::size_t bytes);

}  // namespace dmp::bridge
