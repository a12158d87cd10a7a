// JsonWriter: JSON by appending to one string, for answers put together from stored text.
//
//   JsonWriter json;
//   json.begin_object().key("rae").string(serial).key("sessions").integer(8).end_object();
//   return std::move(json).take();
//
// Commas are its business, nesting is the caller's. Strings that are not UTF-8 come out with `?`
// for the bytes outside ASCII, so that the output is always valid. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dmp::registry::api {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& boolean(bool flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }

  // A value that is JSON text already. REQUIRES: valid JSON.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void append_quoted(std::string_view text);

  std::string text_;
  bool comma_ = false;  // the next key or value needs one before it
};

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

// The first `bytes_max` bytes, less what would be part of a character.
std::string_view cut(std::string_view text, std::size_t bytes_max);

}  // namespace dmp::registry::api
