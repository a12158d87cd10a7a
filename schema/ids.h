// Identities as distinct types: a serial is not a session, a stamp is not a date. Immutable values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dmp {

// The serial number of a RAE: `[A-Za-z0-9._-]{1,64}`, so that it can stand in a topic, a
// certificate and a file name. It is also the RAE's MQTT client id and certificate CN.
class RaeSerial {
 public:
  RaeSerial() = default;
  static Result<RaeSerial> parse(std::string_view text);

  [[nodiscard]] const std::string& str() const { return text_; }

  // Serials `canary-…` belong to the canary; no real RAE may have one.
  [[nodiscard]] bool is_canary() const { return text_.starts_with("canary-"); }

  auto operator<=>(const RaeSerial&) const = default;

 private:
  explicit RaeSerial(std::string_view text) : text_(text) {}
  std::string text_;
};

// A UUID of one kind (RFC 9562); text is lower case with hyphens, parse takes both cases.
template <class Kind>
class UuidOf {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  UuidOf() = default;  // nil
  explicit UuidOf(const Bytes& bytes) : bytes_(bytes) {}
  static Result<UuidOf> parse(std::string_view text);

  [[nodiscard]] std::string str() const;
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] bool is_nil() const { return bytes_ == Bytes{}; }

  auto operator<=>(const UuidOf&) const = default;

 private:
  Bytes bytes_{};
};

// One stay of a device at a RAE: random, minted by the agent at first detection.
using SessionId = UuidOf<struct SessionKind>;

// One device wherever it is: UUIDv5 of its strongest identity claim.
using DeviceId = UuidOf<struct DeviceKind>;

// A hybrid timestamp: microseconds since the Unix epoch, pushed forward so that it never repeats or
// goes back within one RAE (cf. Kulkarni et al., "Logical Physical Clocks", 2014). It orders what
// one RAE says; stamps of different RAEs are never compared, and it is never shown as a date.
struct Timestamp {
  std::int64_t us = 0;

  [[nodiscard]] bool is_set() const { return us != 0; }
  auto operator<=>(const Timestamp&) const = default;
};

// Of the message that a confirmation's correlation names; unset if no agent's can have had it.
Timestamp stamp_of(std::string_view correlation);

// Every time on the wire is an integer in [1, kTimeLimit): what JSON readers keep exactly.
inline constexpr std::int64_t kTimeLimit = std::int64_t{1} << 53;

}  // namespace dmp

template <class Kind>
struct std::hash<dmp::UuidOf<Kind>> {
  std::size_t operator()(const dmp::UuidOf<Kind>& id) const noexcept {
    const auto* bytes = reinterpret_cast<const char*>(id.bytes().data());
    return std::hash<std::string_view>()({bytes, id.bytes().size()});
  }
};

template <>
struct std::hash<dmp::RaeSerial> {
  std::size_t operator()(const dmp::RaeSerial& rae) const noexcept {
    return std::hash<std::string>()(rae.str());
  }
};
