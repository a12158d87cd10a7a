// Result<T>: a value, or an Error that says what happened and whether trying again can help.
//
// Expected failures travel as values; bugs abort (base/check.h); library exceptions are converted
// once, in the adapter that called the library.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace dmp {

// Whether the same call may succeed later without anybody changing its input.
enum class Retry { kNo, kYes };

struct Error {
  std::string code;     // stable, snake_case: "bad_field", "too_large", "unreachable"
  std::string message;  // for people: names the field, the value and the way out
  Retry retry = Retry::kNo;

  // The same error, with where it happened put in front of the message.
  [[nodiscard]] Error within(std::string_view context) const;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

// `return fail("bad_field", "...")` in any function that returns a Result.
tl::unexpected<Error> fail(std::string_view code, std::string message, Retry retry = Retry::kNo);

}  // namespace dmp
