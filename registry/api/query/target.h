// Target: the address of a request, split raw and decoded once. Pure.
//
// Refused: more than kTargetBytesMax bytes, `%` without two hex digits, NUL and control characters,
// bytes that are not UTF-8, `.` and `..`, empty path segments, a parameter given twice. What passes
// cannot mean something else to whoever decodes it next.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/api/problem.h"

namespace dmp::registry::api {

inline constexpr std::size_t kTargetBytesMax = 4096;
inline constexpr std::size_t kParametersMax = 32;

struct Parameter {
  std::string name;
  std::string value;

  bool operator==(const Parameter&) const = default;
};

struct Target {
  std::vector<std::string> segments;  // of the path; "/" has none
  std::vector<Parameter> parameters;  // in order, names unique

  bool operator==(const Target&) const = default;
};

Answer<Target> parse_target(std::string_view raw);

enum class Plus { kPlus, kSpace };

// Nothing if `text` is not a percent-encoding of clean UTF-8.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

// Everything but unreserved characters encoded.
std::string percent_encode(std::string_view text);

}  // namespace dmp::registry::api
