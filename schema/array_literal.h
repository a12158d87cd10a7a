// ArrayLiteral: an SQL array as the text of one parameter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dmp {

class ArrayLiteral {
 public:
  void add(std::string_view text) {
    separate();
    const std::size_t begin = text_.size();
    text_.resize(begin + 2 * text.size() + 2);  // if all of it were escaped
    char* at = text_.data() + begin;
    *at++ = '"';
    for (const char c : text) {  // without a branch: JSON is full of quotes
      *at = '\\';
      at += escapes(c);
      *at++ = c;
    }
    *at++ = '"';
    text_.resize(static_cast<std::size_t>(at - text_.data()));
  }
  void add(std::int64_t number) {
    separate();
    text_ += std::to_string(number);
  }
  void add_flag(bool flag) {
    separate();
    text_ += flag ? 't' : 'f';
  }
  void add_null() {
    separate();
    text_ += "NULL";
  }
  std::string take() {
    text_ += text_.empty() ? "{}" : "}";
    return std::move(text_);
  }

 private:
  // How many bytes more it takes.
  static unsigned escapes(char c) { return unsigned{c == '"'} | unsigned{c == '\\'}; }
  void separate() { text_ += text_.empty() ? '{' : ','; }
  std::string text_;
};

}  // namespace dmp
