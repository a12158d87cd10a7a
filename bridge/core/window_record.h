// How one message lies in the window's ring. Pure.
//
// A record is a head of kRecordHeadBytes and the message's texts, filled up to a multiple of
// kRecordAlign. Its checksum covers all of it; its sequence says which message of the window's
// whole life it is, so bytes of an earlier round are never taken for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bridge/core/message.h"

namespace dmp::bridge {

inline constexpr std::size_t kRecordAlign = 8;
inline constexpr std::size_t kRecordHeadBytes = 64;
inline constexpr std::size_t kRecordBytesMax =
    (kRecordHeadBytes + MessageLimits::kMessageBytes + kRecordAlign - 1) / kRecordAlign *
    kRecordAlign;

std::size_t record_bytes(const Message& message);

// `to` has record_bytes(message).
void write_record(std::span<std::byte> to, std::uint64_t sequence, const Message& message);

// Says that the record of `sequence` is at the ring's beginning. `to` has kRecordHeadBytes.
void write_skip(std::span<std::byte> to, std::uint64_t sequence);

struct Found {
  bool is_skip = false;
  std::size_t bytes = 0;
};

// The record that `from` begins with, if it is the whole and undamaged one of `sequence`.
std::optional<Found> check_record(std::span<const std::byte> from, std::uint64_t sequence);

// The message of a record that was written or checked; points into it.
Message message_in(const std::byte* record);

}  // namespace dmp::bridge
