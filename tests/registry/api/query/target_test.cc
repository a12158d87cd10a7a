#include "registry/api/query/target.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/api/json_writer.h"

namespace dmp::registry::api {
namespace {

using Strings = std::vector<std::string>;

TEST(Target, is_split_raw_and_decoded_once) {
  const struct {
    const char* raw;
    Target expected;
  } cases[] = {
      {"/", {}},
      {"/v1/devices", {{"v1", "devices"}, {}}},
      {"/v1/devices?", {{"v1", "devices"}, {}}},
      {"/a%2Fb", {{"a/b"}, {}}},
      {"/a%252Fb", {{"a%2Fb"}, {}}},
      {"/a+b", {{"a+b"}, {}}},
      {"/x?a=1&b=", {{"x"}, {{"a", "1"}, {"b", ""}}}},
      {"/x?a", {{"x"}, {{"a", ""}}}},
      {"/x?a=b=c", {{"x"}, {{"a", "b=c"}}}},
      {"/x?a+b=c+d%2B", {{"x"}, {{"a b", "c d+"}}}},
      {"/x?a=%26%3D%3f", {{"x"}, {{"a", "&=?"}}}},
      {"/x?a=%C3%A4", {{"x"}, {{"a", "\xc3\xa4"}}}},
      {"/x?a=?/", {{"x"}, {{"a", "?/"}}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.raw);
    const auto target = parse_target(c.raw);
    ASSERT_TRUE(target) << target.error().detail;
    EXPECT_EQ(*target, c.expected);
  }
}

TEST(Target, that_could_mean_two_things_is_refused) {
  const struct {
    std::string raw;
    const char* code;
    const char* mentions;
  } cases[] = {
      {"", "bad_path", "'/'"},
      {"v1", "bad_path", "'/'"},
      {"//", "bad_path", "''"},
      {"/v1//devices", "bad_path", "''"},
      {"/v1/", "bad_path", "''"},
      {"/v1/..", "bad_path", "'..'"},
      {"/v1/%2e%2e", "bad_path", "'%2e%2e'"},
      {"/v1/.", "bad_path", "'.'"},
      {"/v1/%00", "bad_path", "'%00'"},
      {"/v1/%0a", "bad_path", "'%0a'"},
      {"/v1/%7f", "bad_path", "'%7f'"},
      {"/v1/%E4", "bad_path", "'%E4'"},
      {"/v1/%C0%AF", "bad_path", "'%C0%AF'"},
      {"/v1/%ED%A0%80", "bad_path", "'%ED%A0%80'"},
      {"/v1/%4", "bad_path", "'%4'"},
      {"/v1/%zz", "bad_path", "'%zz'"},
      {"/v1#x", "bad_path", "#"},
      {"/x?a=1&a=2", "bad_parameter", "'a' is given twice"},
      {"/x?a=1&%61=2", "bad_parameter", "'a' is given twice"},
      {"/x?=1", "bad_parameter", "'=1'"},
      {"/x?a=1&&b=2", "bad_parameter", "name=value"},
      {"/x?a=%", "bad_parameter", "'a=%'"},
      {"/x?a=%FF", "bad_parameter", "'a=%FF'"},
      {"/x?a=%00", "bad_parameter", "'a=%00'"},
      {"/" + std::string(kTargetBytesMax, 'x'), "target_too_long", "4096"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.raw.substr(0, 40));
    const auto target = parse_target(c.raw);
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code, c.code);
    EXPECT_NE(target.error().detail.find(c.mentions), std::string::npos) << target.error().detail;
  }
}

TEST(Target, holds_a_bounded_number_of_parameters) {
  std::string raw = "/x?p0=";
  for (std::size_t i = 1; i < kParametersMax; ++i) raw += "&p" + std::to_string(i) + "=";
  EXPECT_TRUE(parse_target(raw));
  EXPECT_FALSE(parse_target(raw + "&more="));
}

bool is_clean(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return is_utf8(text);
}

TEST(Target, any_clean_text_survives_encoding) {
  EXPECT_TRUE(rc::check("encode, then decode", [](const std::string& text) {
    const auto decoded = percent_decode(percent_encode(text), Plus::kSpace);
    if (is_clean(text)) {
      RC_ASSERT(decoded == text);
    } else {
      RC_ASSERT(!decoded);
    }
  }));
}

TEST(Target, any_bytes_give_clean_parts_or_a_problem) {
  EXPECT_TRUE(rc::check("total", [] {
    const auto raw = "/" + *rc::gen::container<std::string>(
                               rc::gen::elementOf(std::string("ab/%0?&=+.#2eE4\xc3\xa4")));
    const auto target = parse_target(raw);
    if (!target) {
      RC_ASSERT(target.error().status == 400);
      return;
    }
    for (const auto& segment : target->segments) RC_ASSERT(is_clean(segment) && !segment.empty());
    for (const auto& parameter : target->parameters) {
      RC_ASSERT(is_clean(parameter.name) && is_clean(parameter.value) && !parameter.name.empty());
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
