#include "bridge/core/checksum.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace dmp::bridge {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // bits reflected
constexpr std::size_t kStride = 8;                 // bytes at a time: 6 times as fast as one

using Tables = std::array<std::array<std::uint32_t, 256>, kStride>;

// tables[n][b]: what byte b contributes with n bytes behind it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    for (std::size_t n = 1; n < kStride; ++n) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t eight(std::uint32_t crc, const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  word ^= crc;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < kStride; ++i) {
    next ^= kTables[kStride - 1 - i][(word >> (8 * i)) & 0xff];
  }
  return next;
}

std::uint32_t by_tables(std::uint32_t crc, std::span<const std::byte> bytes) {
  for (; bytes.size() >= kStride; bytes = bytes.subspan(kStride)) crc = eight(crc, bytes.data());
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  }
  return crc;
}

#ifdef __x86_64__
// The processor's own: 10 times as fast as the tables.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc,
                                                               std::span<const std::byte> bytes) {
  std::uint64_t wide = crc;
  for (; bytes.size() >= kStride; bytes = bytes.subspan(kStride)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  auto crc32 = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) {
    crc32 = _mm_crc32_u8(crc32, std::to_integer<std::uint8_t>(byte));
  }
  return crc32;
}

const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
#ifdef __x86_64__
  if (kHasInstruction) return ~by_instruction(0xffffffff, bytes);
#endif
  return ~by_tables(0xffffffff, bytes);
}

std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes) {
  return ~by_tables(0xffffffff, bytes);
}

}  // namespace dmp::bridge
