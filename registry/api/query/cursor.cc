#include "registry/api/query/cursor.h"

#include <optional>

#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kFingerprintBytes = 8;
constexpr char kVersion = 1;

// It only has to tell an honest mistake, the cursor of another filter.
std::string fingerprint(std::string_view filter) {
  const std::uint64_t hash = fnv1a(filter);
  std::string bytes;
  for (std::size_t i = 0; i < kFingerprintBytes; ++i) {
    bytes += static_cast<char>(hash >> (8 * i) & 0xff);
  }
  return bytes;
}

std::string base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

}  // namespace

std::string encode_cursor(std::string_view filter, std::string_view position) {
  return base64url(kVersion + fingerprint(filter) + std::string(position));
}

Result<std::string> decode_cursor(std::string_view filter, std::string_view cursor) {
  const auto bytes = from_base64url(cursor);
  if (!bytes || bytes->size() <= 1 + kFingerprintBytes || bytes->front() != kVersion) {
    return fail("bad_cursor",
                "this is not a cursor of ours; take `next` of the page before as it is");
  }
  if (bytes->substr(1, kFingerprintBytes) != fingerprint(filter)) {
    return fail("bad_cursor",
                "the cursor was made for another filter; keep the filter of the first page, or "
                "start again without cursor");
  }
  return bytes->substr(1 + kFingerprintBytes);
}

}  // namespace dmp::registry::api
