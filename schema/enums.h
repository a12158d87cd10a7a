// Enumerations of the contract. A value this version does not know is kept as `unknown` plus its
// text: a newer agent never makes an older registry fail.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace dmp {

// The first enumerator of each is kUnknown.
enum class PresenceStatus { kUnknown, kOnline, kStandby, kOffline };
enum class UsageState { kUnknown, kAvailable, kInTest };
enum class HealthStatus { kUnknown, kGood, kBad, kLooping };
enum class OnboardingState { kUnknown, kDiscovered, kOnboarding, kActive };
enum class AgentStatus { kUnknown, kOnline, kOffline };
enum class ReplyState { kUnknown, kAccepted, kDone, kFailed, kAway };

// Names on the wire, by enumerator.
template <class Enum>
struct EnumNames;

template <>
struct EnumNames<PresenceStatus> {
  static constexpr std::array<std::string_view, 4> kNames = {"unknown", "online", "standby",
                                                             "offline"};
};
template <>
struct EnumNames<UsageState> {
  static constexpr std::array<std::string_view, 3> kNames = {"unknown", "available", "in_test"};
};
template <>
struct EnumNames<HealthStatus> {
  static constexpr std::array<std::string_view, 4> kNames = {"unknown", "good", "bad", "looping"};
};
template <>
struct EnumNames<OnboardingState> {
  static constexpr std::array<std::string_view, 4> kNames = {"unknown", "discovered", "onboarding",
                                                             "active"};
};
template <>
struct EnumNames<AgentStatus> {
  static constexpr std::array<std::string_view, 3> kNames = {"unknown", "online", "offline"};
};

template <>
struct EnumNames<ReplyState> {
  static constexpr std::array<std::string_view, 5> kNames = {"unknown", "accepted", "done",
                                                             "failed", "away"};
};

template <class Enum>
constexpr std::string_view enum_name(Enum value) {
  return EnumNames<Enum>::kNames[static_cast<std::size_t>(value)];
}

// A value of an Enum as it came: `text` is set only if the word is not one we know.
template <class Enum>
struct Known {
  Enum value = Enum::kUnknown;
  std::string text;

  Known() = default;
  Known(Enum known) : value(known) {}  // NOLINT: `facet.status = PresenceStatus::kOnline`

  static Known parse(std::string_view word) {
    const auto& names = EnumNames<Enum>::kNames;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == word) return Known(static_cast<Enum>(i));
    }
    Known unknown;
    unknown.text = word;
    return unknown;
  }

  // The word as it came.
  [[nodiscard]] std::string_view word() const {
    return text.empty() ? enum_name(value) : std::string_view(text);
  }

  bool operator==(const Known&) const = default;
};

}  // namespace dmp
