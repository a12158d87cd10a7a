#include "registry/api/query/target.h"

#include <algorithm>

#include "registry/api/json_writer.h"

namespace dmp::registry::api {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// The parts of `text` between separators; one empty part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Answer<std::vector<std::string>> parse_path(std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return tl::unexpected(bad_request("bad_path", "the path must start with '/'"));
  }
  std::vector<std::string> segments;
  if (path == "/") return segments;
  for (const std::string_view raw : split(path.substr(1), '/')) {
    auto segment = percent_decode(raw, Plus::kPlus);
    if (!segment || segment->empty() || *segment == "." || *segment == "..") {
      return tl::unexpected(bad_request(
          "bad_path", "the path segment " + shown(raw) +
                          " cannot be used: empty, '.', '..' or not percent-encoded UTF-8 without "
                          "control characters"));
    }
    segments.push_back(std::move(*segment));
  }
  return segments;
}

Answer<Parameter> parse_parameter(std::string_view raw) {
  const std::size_t equals = raw.find('=');
  const std::string_view raw_name = raw.substr(0, equals);
  const std::string_view raw_value =
      equals == std::string_view::npos ? std::string_view() : raw.substr(equals + 1);
  auto name = percent_decode(raw_name, Plus::kSpace);
  auto value = percent_decode(raw_value, Plus::kSpace);
  if (!name || name->empty() || !value) {
    return tl::unexpected(bad_parameter(raw_name, raw_value,
                                        "the query part " + shown(raw) +
                                            " cannot be read: write name=value in percent-encoded "
                                            "UTF-8 without control characters"));
  }
  return Parameter{std::move(*name), std::move(*value)};
}

Answer<std::vector<Parameter>> parse_query(std::string_view query) {
  std::vector<Parameter> parameters;
  for (const std::string_view raw : split(query, '&')) {
    auto parameter = parse_parameter(raw);
    if (!parameter) return tl::unexpected(parameter.error());
    const bool repeated =
        std::any_of(parameters.begin(), parameters.end(),
                    [&](const Parameter& known) { return known.name == parameter->name; });
    if (repeated) {
      return tl::unexpected(bad_parameter(
          parameter->name, parameter->value,
          "the parameter " + shown(parameter->name) + " is given twice; give it once"));
    }
    if (parameters.size() == kParametersMax) {
      return tl::unexpected(bad_parameter(
          parameter->name, parameter->value,
          "more than " + std::to_string(kParametersMax) + " parameters; leave some out"));
    }
    parameters.push_back(std::move(*parameter));
  }
  return parameters;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    } else if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (is_control(c)) return std::nullopt;
    decoded += c;
  }
  if (!is_utf8(decoded)) return std::nullopt;
  return decoded;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

Answer<Target> parse_target(std::string_view raw) {
  if (raw.size() > kTargetBytesMax) {
    return tl::unexpected(
        bad_request("target_too_long", "the address has " + std::to_string(raw.size()) +
                                           " bytes; at most " + std::to_string(kTargetBytesMax)));
  }
  if (raw.find('#') != std::string_view::npos) {
    return tl::unexpected(bad_request("bad_path", "an address has no '#'; write %23"));
  }
  const std::size_t question = raw.find('?');
  Target target;
  auto segments = parse_path(raw.substr(0, question));
  if (!segments) return tl::unexpected(segments.error());
  target.segments = std::move(*segments);
  if (question == std::string_view::npos || question + 1 == raw.size()) return target;
  auto parameters = parse_query(raw.substr(question + 1));
  if (!parameters) return tl::unexpected(parameters.error());
  target.parameters = std::move(*parameters);
  return target;
}

}  // namespace dmp::registry::api
