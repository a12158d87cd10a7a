// ArrayLiteral: an SQL array as the text of one parameter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dmp {

class ArrayLiteral {
 public:
  void add(std::string_view text) {
    separate();
    text_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
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
  void separate() { text_ += text_.empty() ? '{' : ','; }
  std::string text_;
};

}  // namespace dmp
