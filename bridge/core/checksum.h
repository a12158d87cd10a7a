// CRC-32C (Castagnoli). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dmp::bridge {

std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace dmp::bridge
