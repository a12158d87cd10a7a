#include "registry/api/query/filter.h"

#include <algorithm>
#include <iterator>

#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

std::string_view text_of(Operator op) {
  static constexpr std::string_view kTexts[] = {"==", "!=", "~", "!~", "<", ">=", ">", "<="};
  return kTexts[static_cast<std::size_t>(op)];
}

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string text_of(const Test& test) {
  std::string name = test.attribute->name;
  if (!test.label.empty()) name += "." + test.label;
  return name + " " + std::string(text_of(test.op)) + " " + quoted(test.value);
}

std::size_t character_bytes(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) ++bytes;
  return bytes;
}

// Iterative, with one place to fall back to: linear in practice, never worse than the product.
bool like(std::string_view text, std::string_view glob) {
  std::size_t at = 0;
  std::size_t in_glob = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_at = 0;
  while (at < text.size()) {
    const bool more = in_glob < glob.size();
    if (more && glob[in_glob] == '*') {
      star = in_glob++;
      star_at = at;
    } else if (more && glob[in_glob] == '?') {
      at += character_bytes(text.substr(at));
      ++in_glob;
    } else if (more && glob[in_glob] == text[at]) {
      ++at;
      ++in_glob;
    } else if (star != std::string_view::npos) {
      star_at += character_bytes(text.substr(star_at));
      at = star_at;
      in_glob = star + 1;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', in_glob) == std::string_view::npos;
}

// Nothing reads as 0.
std::int64_t number_of(std::string_view text) { return to_integer(text).value_or(0); }

bool contains(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    if (take_until(words, ',') == word) return true;
  }
  return false;
}

bool is_equal(const Test& test, std::string_view value) {
  if (test.attribute->kind == ValueKind::kCode) return contains(value, test.value);
  if (test.attribute->kind == ValueKind::kNumber) return number_of(value) == number_of(test.value);
  return value == test.value;
}

}  // namespace

std::string Filter::str() const {
  if (kind == Kind::kTest) return text_of(test);
  std::string text;
  for (const Filter& part : parts) {
    if (!text.empty()) text += kind == Kind::kAll ? " && " : " || ";
    text += part.kind == Kind::kTest ? part.str() : "(" + part.str() + ")";
  }
  return text;
}

void Filter::add(Filter part) {
  if (part.kind != kind) return parts.push_back(std::move(part));
  std::move(part.parts.begin(), part.parts.end(), std::back_inserter(parts));
}

bool passes(const Test& test, std::string_view value) {
  switch (test.op) {
    case Operator::kEqual:
      return is_equal(test, value);
    case Operator::kNotEqual:
      return !is_equal(test, value);
    case Operator::kLike:
      return like(value, test.value);
    case Operator::kNotLike:
      return !like(value, test.value);
    case Operator::kLess:
      return number_of(value) < number_of(test.value);
    case Operator::kAtLeast:
      return number_of(value) >= number_of(test.value);
    case Operator::kMore:
      return number_of(value) > number_of(test.value);
    case Operator::kAtMost:
      return number_of(value) <= number_of(test.value);
  }
  return false;
}

}  // namespace dmp::registry::api
