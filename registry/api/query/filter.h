// Filter: which devices are asked for, as an expression over attributes. Pure.
//
//   presence == online && model ~ "Roku*" && !(labels.lab in ("LA", "NY") || held == true)
//
//   filter  = and { "||" and }          and  = unary { "&&" unary }
//   unary   = "!" unary | "(" filter ")" | test
//   test    = attribute ( "==" | "!=" | "~" | "!~" | "<" | "<=" | ">" | ">=" ) value
//           | attribute "in" "(" value { "," value } ")"
//   value   = word | '"' text with \" and \\ '"'
//
// `~` takes a glob: `*` any characters, `?` one. What is not known about a device is "" or 0, so
// every test is true or false. For `blockers`, == means: is among them.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "registry/api/query/attribute.h"

namespace dmp::registry::api {

inline constexpr std::size_t kFilterBytesMax = 2048;
inline constexpr int kFilterTestsMax = 32;  // each value of an `in` counts
inline constexpr int kFilterDepthMax = 8;

enum class Operator { kEqual, kNotEqual, kLike, kNotLike, kLess, kAtLeast, kMore, kAtMost };

// Those an attribute of this kind takes, as they are written; all of them take "in" too.
std::vector<std::string_view> operators_of(ValueKind kind);

struct Test {
  const Attribute* attribute = nullptr;  // of attributes()
  std::string label{};                   // the key, for `labels`
  Operator op = Operator::kEqual;
  std::string value{};  // in its canonical text

  bool operator==(const Test&) const = default;

  // Whether both ask for a value of the same attribute, and label.
  [[nodiscard]] bool is_about_the_same(const Test& other) const {
    return attribute == other.attribute && label == other.label;
  }
};

// There is no `not`: every operator has its opposite.
struct Filter {
  enum class Kind { kTest, kAll, kAny };

  Kind kind = Kind::kAll;
  Test test{};
  std::vector<Filter> parts{};  // kAll of none: everything passes; kAny has at least one

  bool operator==(const Filter&) const = default;

  // An expression that parses to this filter; equal filters give equal text.
  [[nodiscard]] std::string str() const;

  // One more part; flat where brackets change nothing, so that equal filters are equal.
  // REQUIRES: not a test.
  void add(Filter part);
};

// Where an expression stops making sense.
struct FilterFault {
  std::size_t column = 0;  // in characters, from 1
  std::string token;       // "" at the end of the text
  std::string detail;      // what stands there and what may
};

tl::expected<Filter, FilterFault> parse_filter(std::string_view text);

// `attribute == value` as a plain parameter says it. The fault's column is 0.
tl::expected<Filter, FilterFault> equal_filter(std::string_view attribute, std::string_view value);

// Whether `value` passes the test; a set of words (kCode) comes with commas between them.
bool passes(const Test& test, std::string_view value);

// Whether a device passes; value_of(test) gives its value of the test's attribute.
template <class ValueOf>
bool passes(const Filter& filter, const ValueOf& value_of) {
  if (filter.kind == Filter::Kind::kTest) return passes(filter.test, value_of(filter.test));
  const bool all = filter.kind == Filter::Kind::kAll;
  for (const Filter& part : filter.parts) {
    if (passes(part, value_of) != all) return !all;
  }
  return all;
}

}  // namespace dmp::registry::api
