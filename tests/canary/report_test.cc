#include "canary/core/report.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

Report a_report() {
  Report report;
  report.run = "r1";
  report.started_at = "2026-11-21T00:00:00Z";
  report.figures = {{"connected", 3000}, {"lost", 2}, {"puback_p99_ms", 3.25}};
  report.refused_by = {{"bad <script>", 7}};
  report.phases = {{"connect", 3000, 0, 20.5, true}, {"publish", 900, 20.5, 30, false}};
  report.verdict = {Part::kBroker, {"7 connects failed"}};
  report.thresholds = {*Threshold::parse("lost>0"), *Threshold::parse("puback.p99>1s")};
  report.breaches = {"lost>0: it was 2"};
  report.seconds.resize(3);
  report.seconds[1].sent = 900;
  report.exit_code = kBreached;
  return report;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ExitCode, says_how_the_run_ended) {
  struct Case {
    const char* name;
    Figures figures;
    std::vector<std::string> breaches;
    bool interrupted;
    int code;
  };
  const Case cases[] = {
      {"passed", {{"connected", 1}}, {}, false, 0},
      {"threshold", {{"connected", 1}}, {"lost>0"}, false, 99},
      {"nobody connected", {{"connected", 0}}, {"refused>0"}, false, 3},
      {"interrupted", {{"connected", 1}}, {"lost>0"}, true, 130},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Report report;
    report.figures = c.figures;
    report.breaches = c.breaches;
    report.interrupted = c.interrupted;
    EXPECT_EQ(exit_code_of(report), c.code);
  }
}

TEST(JUnit, has_a_test_case_per_threshold_and_one_for_the_run) {
  const std::string xml = junit_of(a_report());
  EXPECT_NE(xml.find("tests=\"3\" failures=\"1\""), std::string::npos) << xml;
  EXPECT_EQ(count_of(xml, "<testcase"), 3U);
  EXPECT_NE(xml.find("name=\"not puback.p99&gt;1s\"></testcase>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<failure message=\"lost&gt;0: it was 2\">limited by broker"),
            std::string::npos)
      << xml;
}

TEST(JUnit, of_a_run_that_could_not_be_made_fails) {
  Report report = a_report();
  report.exit_code = kCannotConnect;
  EXPECT_NE(junit_of(report).find("<failure message=\"exit code 3\"/>"), std::string::npos);
}

TEST(Html, needs_nothing_else_and_lets_nobody_else_in) {
  const std::string html = html_of(a_report(), {{"lost", 1}});
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos) << "no address of anything";
  EXPECT_NE(html.find("bad &lt;script&gt;"), std::string::npos);
  EXPECT_EQ(count_of(html, "<svg"), count_of(html, "</svg>"));
  EXPECT_EQ(count_of(html, "<svg"), 4U);
  EXPECT_NE(html.find("limited by broker"), std::string::npos);
  EXPECT_NE(html.find("100.0 %"), std::string::npos) << "lost doubled";
}

TEST(Html, of_a_run_that_measured_nothing_is_a_page_too) {
  const std::string html = html_of({}, {});
  EXPECT_NE(html.find("</html>"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(Comparison, tells_what_changed) {
  const Figures before = {{"puback_p99_ms", 2}, {"lost", 0}, {"clients", 3000}};
  const Figures now = {{"puback_p99_ms", 3}, {"lost", 1}, {"clients", 3000}, {"sent", 5}};
  EXPECT_EQ(comparison_of(before, now),
            (std::vector<std::string>{"lost 0 -> 1", "puback_p99_ms 2 -> 3 (+50 %)"}));
}

TEST(Text, names_the_verdict_the_reasons_and_the_breaches) {
  const std::string text = text_of(a_report());
  for (const char* part : {"canary r1: limited by broker", "7 connects failed",
                           "refused: 7 x bad <script>", "FAIL  lost>0: it was 2", "lost 2"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

}  // namespace
}  // namespace dmp::canary
