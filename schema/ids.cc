#include "schema/ids.h"

#include <charconv>

namespace dmp {
namespace {

constexpr std::size_t kSerialBytesMax = 64;
constexpr std::size_t kUuidTextBytes = 36;

bool is_serial_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_hyphen_place(std::size_t place) {
  return place == 8 || place == 13 || place == 18 || place == 23;
}

std::string shown(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

}  // namespace

Result<RaeSerial> RaeSerial::parse(std::string_view text) {
  bool good = !text.empty() && text.size() <= kSerialBytesMax && text != "." && text != "..";
  for (const char c : text) good = good && is_serial_byte(c);
  if (!good) {
    return fail("bad_serial", shown(text) + " is not a RAE serial: 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  return RaeSerial(text);
}

template <class Kind>
Result<UuidOf<Kind>> UuidOf<Kind>::parse(std::string_view text) {
  Bytes bytes{};
  bool good = text.size() == kUuidTextBytes;
  std::size_t digits = 0;
  for (std::size_t i = 0; good && i < kUuidTextBytes; ++i) {
    if (is_hyphen_place(i)) {
      good = text[i] == '-';
      continue;
    }
    const int value = hex_value(text[i]);
    good = value >= 0;
    if (!good) break;
    auto& byte = bytes[digits / 2];
    byte = static_cast<std::uint8_t>(digits % 2 == 0 ? value << 4 : byte | value);
    ++digits;
  }
  if (!good) return fail("bad_uuid", shown(text) + " is not a UUID (8-4-4-4-12 hex digits)");
  return UuidOf(bytes);
}

template <class Kind>
std::string UuidOf<Kind>::str() const {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(kUuidTextBytes);
  for (const std::uint8_t byte : bytes_) {
    if (is_hyphen_place(text.size())) text += '-';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

template class UuidOf<SessionKind>;
template class UuidOf<DeviceKind>;

Timestamp stamp_of(std::string_view correlation) {
  Timestamp stamp;
  const char* end = correlation.data() + correlation.size();
  const auto [at, problem] = std::from_chars(correlation.data(), end, stamp.us);
  return problem == std::errc() && at == end ? stamp : Timestamp{};
}

}  // namespace dmp
