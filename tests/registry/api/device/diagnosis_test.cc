#include "registry/api/device/diagnosis.h"

#include <map>

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "registry/adapters/rules_json.h"
#include "registry/api/device/explain.h"
#include "registry/api/item/blockers.h"

namespace dmp::registry::api {
namespace {

using Texts = std::map<std::string, std::string>;

FieldText from(const Texts& texts) {
  return [&texts](std::string_view field) {
    const auto found = texts.find(std::string(field));
    return found == texts.end() ? std::string() : found->second;
  };
}

TEST(Diagnosis, takes_the_first_rule_whose_expressions_match_the_whole_values) {
  const auto rules = parse_rules(R"([
    {"rule":"cable","blocker":"offline","when":{"presence.reason":"link_.*"},"cause":"lan",
     "transient":false,"advice":"a"},
    {"rule":"roku","blocker":"offline","when":{"identity.model":"Roku.*","presence.reason":""},
     "cause":"device","transient":true,"advice":"b"},
    {"rule":"any","blocker":"standby","cause":"device","transient":true,"advice":"c"}])");
  ASSERT_TRUE(rules) << rules.error().message;
  const RuleBook book(*rules);
  const auto name = [&](const char* blocker, const Texts& texts) {
    const Rule* rule = book.find(blocker, from(texts));
    return rule == nullptr ? "none" : rule->name;
  };
  EXPECT_EQ(name("offline", {{"presence.reason", "link_down"}}), "cable");
  EXPECT_EQ(name("offline", {{"presence.reason", "no link_down"}}), "none");
  EXPECT_EQ(name("offline", {{"identity.model", "Roku Ultra"}}), "roku");
  EXPECT_EQ(name("standby", {{"presence.reason", "link_down"}}), "any");
  EXPECT_EQ(name("held", {}), "none");
}

TEST(Diagnosis, refuses_rules_that_cannot_be_used_and_says_which) {
  const std::string rest = R"("cause":"lan","transient":true,"advice":"a"}])";
  const std::pair<std::string, const char*> cases[] = {
      {"{}", "the file"},
      {"[7]", "rule 0"},
      {R"([{"rule":"x","blocker":"broken",)" + rest, "rule 0.blocker"},
      {R"([{"rule":"x","blocker":"offline","when":{"colour":"x"},)" + rest, "rule 0.when.colour"},
      {R"([{"rule":"x","blocker":"offline","when":{"note":"("},)" + rest, "rule 0.when.note"},
      {R"([{"rule":"x","blocker":"offline","cause":"ghosts","transient":true,"advice":"a"}])",
       "rule 0.cause"}};
  for (const auto& [json, place] : cases) {
    const auto rules = parse_rules(json);
    ASSERT_FALSE(rules) << json;
    EXPECT_EQ(rules.error().message.substr(0, std::string_view(place).size()), place);
  }
}

TEST(Diagnosis, knows_every_blocker_in_at_least_one_of_its_forms) {
  Metrics metrics;
  Doctor doctor(metrics);
  const Texts usual = {{"presence.reason", "no_answer"},
                       {"onboarding.state", "discovered"},
                       {"health.status", "looping"}};
  for (const std::string_view code : blocker_codes()) {
    EXPECT_NE(doctor.diagnose(code, from(usual)), nullptr) << code;
  }
}

TEST(Diagnosis, takes_what_a_device_says_on_several_lines) {
  Metrics metrics;
  Doctor doctor(metrics);
  const Texts texts = {{"onboarding.state", "onboarding"},
                       {"onboarding.last_error", "HTTP 500\r\nout of memory"}};
  const Rule* rule = doctor.diagnose("onboarding", from(texts));
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->name, "onboarding-retry");
  EXPECT_EQ(shape_of("onboarding", from(texts)), "onboarding: HTTP #  out of memory");
  EXPECT_EQ(shape_of("offline", from({{"presence.reason", "a\x7f\tb"}})), "offline: a  b");
}

TEST(Diagnosis, counts_cases_without_a_rule_by_their_shape_and_not_without_end) {
  Metrics metrics;
  Doctor doctor(metrics);
  const Texts first = {{"presence.reason", "gone 17 times"}};
  const Texts second = {{"presence.reason", "gone 4 times"}};
  EXPECT_EQ(doctor.diagnose("offline", from(first)), nullptr);
  EXPECT_EQ(doctor.diagnose("offline", from(second)), nullptr);
  EXPECT_NE(
      metrics.text().find(R"(dmp_registry_api_undiagnosed_total{shape="offline: gone # times"} 2)"),
      std::string::npos)
      << metrics.text();
  for (std::size_t i = 0; i < 2 * Doctor::kShapesMax; ++i) {
    const Texts other = {{"presence.reason", std::string(1 + i % 40, 'x') + (i < 40 ? "a" : "b") +
                                                 (i < 80 ? "a" : "b")}};
    doctor.diagnose("offline", from(other));
  }
  EXPECT_NE(metrics.text().find(R"({shape="other"})"), std::string::npos);
}

}  // namespace
}  // namespace dmp::registry::api
