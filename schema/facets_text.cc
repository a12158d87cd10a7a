#include "schema/facets_text.h"

namespace dmp {
namespace {

// Walks JSON that is known to be well-formed.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : text_(text) {}

  char skip_to_token() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n,:").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void step() { ++at_; }

  // The value that starts here.
  std::string_view value() {
    const std::size_t begin = at_;
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;  // end of a bare word
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
      if (depth == 0 && (c == '}' || c == ']')) break;
    } while (at_ < text_.size() && (depth > 0 || text_[begin] != '"'));
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view facets_text(std::string_view message) {
  std::string_view found = "{}";
  JsonWalk walk(message);
  if (walk.skip_to_token() != '{') return found;
  walk.step();
  // A repeated member counts by its last one, as in the decoder.
  while (walk.skip_to_token() == '"') {
    const std::string_view name = walk.value();
    walk.skip_to_token();
    const std::string_view value = walk.value();
    if (name == "\"facets\"" && value.starts_with('{')) found = value;
  }
  return found;
}

}  // namespace dmp
