// Message: one MQTT message as it reached the bridge, as views into memory somebody else owns.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dmp::bridge {

struct Message {
  std::string_view topic;
  std::string_view payload;  // the first bytes, if more than MessageLimits::kPayloadBytes came
  std::string_view content_type;
  std::string_view response_topic;
  std::string_view correlation;
  std::string_view properties;           // as PropertyPack packs them
  std::uint64_t payload_bytes = 0;       // as many as came
  std::uint32_t properties_dropped = 0;  // user properties that were not taken along
  std::int64_t received_at = 0;          // µs since the epoch, the bridge's clock
  bool duplicate = false;                // the broker says it may have sent it before
};

// What the bridge keeps of one message, so that its memory can be bounded beforehand. Whatever is
// longer than a topic or correlation of the contract is refused later; cutting it cannot make it
// good.
struct MessageLimits {
  static constexpr std::size_t kTopicBytes = 512;
  static constexpr std::size_t kPayloadBytes = 65'536;
  static constexpr std::size_t kContentTypeBytes = 256;
  static constexpr std::size_t kCorrelationBytes = 64;
  static constexpr std::size_t kProperties = 16;
  static constexpr std::size_t kPropertyBytes = 4'096;
  static constexpr std::size_t kMessageBytes =
      2 * kTopicBytes + kPayloadBytes + kContentTypeBytes + kCorrelationBytes + kPropertyBytes;
};

// `message` cut to MessageLimits; sets payload_bytes.
Message bounded(Message message);

// Bytes of everything a Message points to.
std::size_t bytes_of(const Message& message);

// MQTT 5 user properties as one flat string. Takes at most kProperties of kPropertyBytes together;
// drops names that only the bridge may write (a publisher could pretend to be it) and counts.
class PropertyPack {
 public:
  void add(std::string_view name, std::string_view value);
  void clear();

  [[nodiscard]] std::string_view packed() const { return packed_; }
  [[nodiscard]] std::uint32_t dropped() const { return dropped_; }

 private:
  std::string packed_;
  std::uint32_t count_ = 0;
  std::uint32_t dropped_ = 0;
};

struct UserProperty {
  std::string_view name;
  std::string_view value;

  bool operator==(const UserProperty&) const = default;
};

// Takes the first property off a packed string, which must not be empty.
UserProperty take_property(std::string_view& packed);

}  // namespace dmp::bridge
