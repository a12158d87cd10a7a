#include <array>
#include <charconv>

#include "base/settings.h"

namespace dmp {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

// Greatest first, so that format_duration finds the shortest text.
constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::int64_t kAmountMax = 100'000'000;
  std::int64_t amount = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (problem == std::errc() && amount >= 0 && amount <= kAmountMax) {
    for (const Unit& known : kUnits) {
      if (unit == known.name) return std::chrono::milliseconds(amount * known.ms);
    }
  }
  return fail("bad_setting", "'" + std::string(text) +
                                 "' is not a duration; write a number and ms, s, m, h or d (30s)");
}

std::string format_duration(std::chrono::milliseconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.ms == 0 && duration.count() != 0) {
      return std::to_string(duration.count() / unit.ms) + std::string(unit.name);
    }
  }
  return "0ms";
}

}  // namespace dmp
