#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/adapters/rest_json.h"

namespace dmp::registry {
namespace {

TEST(DevicePatch, holds_what_is_to_change_and_nothing_else) {
  const auto patch = parse_patch(R"({"labels":{"lab":"LA","old":null,"gone":""},"note":null,)"
                                 R"("hold":{"reason":"repair","until_at":1800000000000000}})");
  ASSERT_TRUE(patch) << patch.error().detail;
  EXPECT_EQ(patch->labels, (std::map<std::string, std::string>{{"lab", "LA"}}));
  EXPECT_EQ(patch->removed_labels, (std::vector<std::string>{"gone", "old"}));
  EXPECT_EQ(patch->note, "");
  ASSERT_TRUE(patch->hold && *patch->hold);
  EXPECT_EQ(**patch->hold, (api::Hold{"repair", 1800000000000000}));
  const auto lifted = parse_patch(R"({"hold":null})");
  ASSERT_TRUE(lifted && lifted->hold);
  EXPECT_FALSE(lifted->hold->has_value());
  EXPECT_FALSE(lifted->note.has_value());
}

TEST(DevicePatch, that_cannot_be_used_names_the_member) {
  const std::string long_text(257, 'x');
  const struct {
    std::string json;
    const char* member;
  } cases[] = {
      {"", "the body"},
      {"[]", "the body"},
      {"{}", "the body"},
      {"{\"note\":\"\xff\"}", "the body"},
      {std::string(api::kPatchBytesMax, ' ') + "{}", "the body"},
      {R"({"revision":3})", "'revision'"},
      {R"({"note":7})", "note"},
      {R"({"note":"two\nlines"})", "note"},
      {R"({"note":"nul\u0000"})", "note"},
      {R"({"labels":["a"]})", "labels"},
      {R"({"labels":{"a b":"x"}})", "labels.'a b'"},
      {R"({"labels":{"":"x"}})", "labels.''"},
      {R"({"labels":{"a":7}})", "labels.a"},
      {R"({"labels":{"a":")" + long_text + "\"}}", "labels.a"},
      {R"({"hold":true})", "hold"},
      {R"({"hold":{"until_at":1.5}})", "hold.'until_at'"},
      {R"({"hold":{"until_at":0}})", "hold.'until_at'"},
      {R"({"hold":{"until_at":9007199254740992}})", "hold.'until_at'"},
      {R"({"hold":{"by":"me"}})", "hold.'by'"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json.substr(0, 60));
    const auto patch = parse_patch(c.json);
    ASSERT_FALSE(patch);
    EXPECT_EQ(patch.error().status, 400);
    EXPECT_EQ(patch.error().member, c.member);
  }
}

TEST(DevicePatch, comes_of_any_bytes_or_a_problem_does) {
  EXPECT_TRUE(rc::check("total", [](const std::string& bytes) {
    const auto patch = parse_patch(bytes);
    if (!patch) RC_ASSERT(patch.error().code == "bad_body");
  }));
}

}  // namespace
}  // namespace dmp::registry
