#include "local-registry/core/device_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "schema/messages.h"

namespace dmp::local {
namespace {

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Length of the UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool no_character = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || no_character ? 0 : length;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

int base64_value(char c) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t place = kDigits.find(c);
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

}  // namespace

std::string device_text(std::string_view raw) {
  std::string text;
  std::string_view rest = trimmed(raw);
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    const auto lead = static_cast<std::uint8_t>(rest[0]);
    if (text.size() + taken > Limits::kStringBytes) break;
    if (length == 0) {
      text += '?';
    } else if (length > 1 || (lead >= ' ' && lead != 0x7f)) {
      text += rest.substr(0, length);
    }
    rest.remove_prefix(taken);
  }
  return std::string(trimmed(text));
}

bool is_junk(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords = {
      "none", "unknown", "null", "n/a", "na", "undefined", "(null)", "nil", "default string"};
  const std::string word = lower_case(trimmed(text));
  if (word.find_first_not_of("0:-. ") == std::string::npos) return true;
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string mac_text(std::string_view raw) {
  std::string digits;
  for (const char c : lower_case(trimmed(raw))) {
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_hex) {
      digits += c;
    } else if (c != ':' && c != '-' && c != '.') {
      return {};
    }
  }
  if (digits.size() != 12 || is_junk(digits)) return {};
  const bool is_group = std::string_view("13579bdf").find(digits[1]) != std::string_view::npos;
  if (is_group) return {};
  std::string mac;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    if (i > 0) mac += ':';
    mac.append(digits, i, 2);
  }
  return mac;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lower_letter(c);
  return lower;
}

bool is_same_text(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower_letter(a) == lower_letter(b); });
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  const std::string wanted = lower_case(pattern);
  const std::string given = lower_case(text);
  std::size_t p = 0;
  std::size_t star = std::string::npos;
  std::size_t resume = 0;
  for (std::size_t t = 0; t < given.size();) {
    if (p < wanted.size() && wanted[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < wanted.size() && wanted[p] == given[t]) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return wanted.find_first_not_of('*', p) == std::string::npos;
}

std::string base64_text(std::string_view encoded) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : trimmed(encoded)) {
    if (c == '=') break;
    const int value = base64_value(c);
    if (value < 0) return {};
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    text += static_cast<char>((bits >> held) & 0xff);
  }
  return text;
}

}  // namespace dmp::local
