// CRC-32C (Castagnoli). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dmp::bridge {

std::uint32_t crc32c(std::span<const std::byte> bytes);

// The same on a processor without an instruction for it.
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes);

}  // namespace dmp::bridge
