#include "bridge/core/window_image.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "bridge/core/checksum.h"
#include "bridge/core/window_record.h"

namespace dmp::bridge {
namespace {

constexpr std::array<char, 8> kMagic = {'D', 'M', 'P', 'W', 'N', 'D', 'O', 'W'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kNameBytes = 64;

struct Label {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t name_bytes = 0;
  std::uint64_t ring_bytes = 0;
  std::array<char, kNameBytes> name{};
  std::uint32_t unused = 0;
  std::uint32_t check = 0;  // crc32c of everything before it
};
static_assert(sizeof(Label) == 96);

template <class Value>
struct Copy {
  Value value;
  std::uint32_t unused = 0;
  std::uint32_t check = 0;  // crc32c of the value
};

// A cache line each: one thread writes the begin, another the end.
constexpr std::size_t kLine = 64;
template <class Value>
constexpr std::size_t kCellAt = 0;
template <>
constexpr std::size_t kCellAt<Begin> = 1024;
template <>
constexpr std::size_t kCellAt<End> = 2048;

template <class Value>
std::uint32_t check_of(const Value& value, std::size_t bytes = sizeof(Value)) {
  return crc32c(std::as_bytes(std::span(&value, 1)).first(bytes));
}

template <class Value>
bool is_blank(const Copy<Value>& copy) {
  return copy.check == 0 && copy.unused == 0 && copy.value == Value();
}

// Both copies, as far as they can be read.
template <class Value>
struct Copies {
  std::optional<std::size_t> newest;
  Value value;          // of the newest
  bool broken = false;  // the other one was written and cannot be read
};

template <class Value>
Copies<Value> read_copies(std::span<const std::byte> image) {
  Copies<Value> copies;
  for (std::size_t i = 0; i < 2; ++i) {
    Copy<Value> copy;
    std::memcpy(&copy, image.data() + kCellAt<Value> + i * kLine, sizeof copy);
    if (copy.check != check_of(copy.value)) {
      copies.broken = copies.broken || !is_blank(copy);
    } else if (!copies.newest || copy.value.sequence > copies.value.sequence) {
      copies.newest = i;
      copies.value = copy.value;
    }
  }
  return copies;
}

template <class Value>
void format_cell(std::span<std::byte> image) {
  Copy<Value> first;
  first.check = check_of(first.value);
  std::memcpy(image.data() + kCellAt<Value>, &first, sizeof first);
}

std::string foreign_because(std::span<const std::byte> image, std::string_view name) {
  if (image.size() < kImageHeadBytes) return "it is too short for a window";
  Label label;
  std::memcpy(&label, image.data(), sizeof label);
  if (label.magic != kMagic) return "it is not a window file";
  if (label.version != kVersion) {
    return "it has version " + std::to_string(label.version) + ", not " + std::to_string(kVersion);
  }
  if (label.check != check_of(label, sizeof label - sizeof label.check)) {
    return "its label is damaged";
  }
  const std::string_view owner(label.name.data(), std::min<std::size_t>(label.name_bytes, 64));
  if (owner != name) return "it belongs to bridge '" + std::string(owner) + "'";
  return "";
}

// Follows the records from `recovered.begin` as far as they are whole. It ends: each has a sequence
// of its own.
void scan(std::span<const std::byte> ring, Recovered& recovered) {
  std::uint64_t offset = recovered.begin.offset;
  while (offset <= ring.size()) {
    const auto found = check_record(ring.subspan(offset), recovered.end());
    const bool turns = ring.size() - offset < kRecordHeadBytes || (found && found->is_skip);
    if (turns && offset > 0) {
      offset = 0;
      continue;
    }
    if (!found || turns) return;
    recovered.records.push_back(offset);
    offset += found->bytes;
  }
}

// An empty window goes on at the ring's beginning, which the end tells; or does not, if the process
// was killed just then.
void follow(std::span<const std::byte> ring, Recovered& recovered) {
  const Begin begin = recovered.begin;
  if (recovered.start >= begin.sequence) recovered.begin = {recovered.start, 0};
  scan(ring, recovered);
  if (!recovered.records.empty() || recovered.begin.offset == 0) return;
  recovered.begin.offset = 0;
  scan(ring, recovered);
  if (recovered.records.empty()) {
    recovered.begin = begin;
  } else {
    recovered.start = begin.sequence;
  }
}

}  // namespace

template <class Value>
TwinCell<Value>::TwinCell(std::span<std::byte> image)
    : copies_{image.data() + kCellAt<Value>, image.data() + kCellAt<Value> + kLine} {
  const auto copies = read_copies<Value>(image);
  DMP_CHECK(copies.newest);
  next_ = 1 - *copies.newest;
}

template <class Value>
void TwinCell<Value>::store(Value value) noexcept {
  auto* copy = reinterpret_cast<Copy<Value>*>(copies_[next_]);
  next_ = 1 - next_;
  // A kill between these stores must find the record written and the other copy whole.
  std::atomic_signal_fence(std::memory_order_release);
  copy->value = value;
  std::atomic_ref(copy->check).store(check_of(value), std::memory_order_release);
}

template class TwinCell<Begin>;
template class TwinCell<End>;

void format_image(std::span<std::byte> image, std::string_view name) {
  DMP_CHECK(image.size() >= kImageHeadBytes + kRecordBytesMax && name.size() <= kNameBytes);
  std::memset(image.data(), 0, kImageHeadBytes);
  Label label{.name_bytes = static_cast<std::uint32_t>(name.size()),
              .ring_bytes = image.size() - kImageHeadBytes};
  name.copy(label.name.data(), name.size());
  label.check = check_of(label, sizeof label - sizeof label.check);
  std::memcpy(image.data(), &label, sizeof label);
  format_cell<Begin>(image);
  format_cell<End>(image);
}

Recovered recover(std::span<const std::byte> image, std::string_view name) {
  Recovered recovered;
  recovered.foreign = foreign_because(image, name);
  if (!recovered.foreign.empty()) return recovered;
  Label label;
  std::memcpy(&label, image.data(), sizeof label);
  const auto begin = read_copies<Begin>(image);
  const auto end = read_copies<End>(image);
  recovered.start = end.value.start;
  std::span<const std::byte> ring = image.subspan(kImageHeadBytes);
  if (ring.size() != label.ring_bytes) recovered.damage = "the file's length has changed";
  ring = ring.first(std::min<std::size_t>(ring.size(), label.ring_bytes));
  if (begin.newest) {
    recovered.begin = begin.value;
    follow(ring, recovered);
  } else {
    recovered.damage = "the place of the oldest message cannot be read";
  }
  if (end.newest && end.value.sequence > recovered.end()) {
    recovered.lost = end.value.sequence - recovered.end();
    recovered.damage = "a record is damaged";
  }
  // A kill tears a copy of the end only while it moves behind a record that is whole.
  const bool torn = end.broken && recovered.end() <= end.value.sequence;
  if (!end.newest || torn) recovered.damage = "the place of the newest message cannot be read";
  return recovered;
}

std::optional<Place> place_record(std::uint64_t head, std::uint64_t tail, std::uint64_t ring_bytes,
                                  std::size_t bytes) {
  if (bytes > ring_bytes) return std::nullopt;
  const std::uint64_t offset = head % ring_bytes;
  const std::uint64_t rest = ring_bytes - offset;
  if (offset > 0 && (head == tail || bytes > rest)) {
    if (head == tail) return Place{.at = head + rest, .starts_over = true};
    if (head + rest + bytes - tail > ring_bytes) return std::nullopt;
    return Place{.at = head + rest, .skips = rest >= kRecordHeadBytes};
  }
  if (head + bytes - tail > ring_bytes) return std::nullopt;
  return Place{.at = head};
}

}  // namespace dmp::bridge
