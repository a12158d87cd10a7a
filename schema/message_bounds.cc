#include "schema/message_bounds.h"

#include <algorithm>
#include <string>

#include "schema/messages.h"

namespace dmp {
namespace {

// Depth of brackets outside strings; cheaper than a parser callback, and before any allocation.
int depth_of(std::string_view bytes) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Status check_bounds(std::string_view bytes) {
  if (bytes.size() > Limits::kMessageBytes) {
    return fail("too_large", "the message has " + std::to_string(bytes.size()) +
                                 " bytes; at most " + std::to_string(Limits::kMessageBytes));
  }
  if (depth_of(bytes) > Limits::kDepth) {
    return fail("bad_field", "the message is nested deeper than " + std::to_string(Limits::kDepth));
  }
  return {};
}

}  // namespace dmp
