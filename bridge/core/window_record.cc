#include "bridge/core/window_record.h"

#include <array>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "bridge/core/checksum.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kTexts = 6;
constexpr std::uint32_t kDuplicate = 1;
constexpr std::uint32_t kSkip = 2;

struct Head {
  std::uint32_t check = 0;  // crc32c of everything behind it
  std::uint32_t bytes = 0;  // of the whole record
  std::uint64_t sequence = 0;
  std::int64_t received_at = 0;
  std::uint64_t payload_bytes = 0;
  std::uint32_t properties_dropped = 0;
  std::uint32_t flags = 0;
  std::array<std::uint32_t, kTexts> text_bytes{};
};
static_assert(sizeof(Head) == kRecordHeadBytes);

std::array<std::string_view, kTexts> texts_of(const Message& message) {
  return {message.topic,          message.payload,     message.content_type,
          message.response_topic, message.correlation, message.properties};
}

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
}

std::uint32_t check_of(std::span<const std::byte> record) {
  return crc32c(record.subspan(sizeof(Head::check)));
}

void seal(std::span<std::byte> record) {
  const std::uint32_t check = check_of(record);
  std::memcpy(record.data(), &check, sizeof check);
}

}  // namespace

std::size_t record_bytes(const Message& message) {
  return aligned(kRecordHeadBytes + bytes_of(message));
}

void write_record(std::span<std::byte> to, std::uint64_t sequence, const Message& message) {
  DMP_CHECK(to.size() == record_bytes(message));
  Head head{.bytes = static_cast<std::uint32_t>(to.size()),
            .sequence = sequence,
            .received_at = message.received_at,
            .payload_bytes = message.payload_bytes,
            .properties_dropped = message.properties_dropped,
            .flags = message.duplicate ? kDuplicate : 0};
  std::byte* next = to.data() + kRecordHeadBytes;
  std::size_t i = 0;
  for (const std::string_view text : texts_of(message)) {
    head.text_bytes.at(i++) = static_cast<std::uint32_t>(text.size());
    if (!text.empty()) std::memcpy(next, text.data(), text.size());
    next += text.size();
  }
  std::memset(next, 0, static_cast<std::size_t>(to.data() + to.size() - next));
  std::memcpy(to.data(), &head, sizeof head);
  seal(to);
}

void write_skip(std::span<std::byte> to, std::uint64_t sequence) {
  DMP_CHECK(to.size() == kRecordHeadBytes);
  const Head head{.bytes = kRecordHeadBytes, .sequence = sequence, .flags = kSkip};
  std::memcpy(to.data(), &head, sizeof head);
  seal(to);
}

std::optional<Found> check_record(std::span<const std::byte> from, std::uint64_t sequence) {
  if (from.size() < kRecordHeadBytes) return std::nullopt;
  Head head;
  std::memcpy(&head, from.data(), sizeof head);
  if (head.sequence != sequence || head.bytes < kRecordHeadBytes || head.bytes > from.size()) {
    return std::nullopt;
  }
  if (head.check != check_of(from.first(head.bytes))) return std::nullopt;
  std::size_t bytes = kRecordHeadBytes;
  for (const std::uint32_t text : head.text_bytes) bytes += text;
  if (aligned(bytes) != head.bytes) return std::nullopt;
  return Found{.is_skip = head.flags == kSkip, .bytes = head.bytes};
}

Message message_in(const std::byte* record) {
  Head head;
  std::memcpy(&head, record, sizeof head);
  const char* next = reinterpret_cast<const char*>(record) + kRecordHeadBytes;
  std::size_t i = 0;
  const auto text = [&] {
    const std::string_view view(next, head.text_bytes.at(i++));
    next += view.size();
    return view;
  };
  Message message;
  message.topic = text();
  message.payload = text();
  message.content_type = text();
  message.response_topic = text();
  message.correlation = text();
  message.properties = text();
  message.payload_bytes = head.payload_bytes;
  message.properties_dropped = head.properties_dropped;
  message.received_at = head.received_at;
  message.duplicate = head.flags == kDuplicate;
  return message;
}

}  // namespace dmp::bridge
