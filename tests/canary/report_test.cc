#include "canary/core/report.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "canary/core/comparison.h"

namespace dmp::canary {
namespace {

Report a_report() {
  Report report;
  report.run = "r1";
  report.started_at = "2026-11-21T00:00:00Z";
  report.figures = {{"connected", 3000}, {"lost", 2}, {"puback_p99_ms", 3.25}};
  report.refused_by = {{"bad <script>", 7}};
  report.phases = {{"connect", 3000, 0, 20.5, true, 3000, false},
                   {"publish", 900, 20.5, 30, false, 900, false}};
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
  EXPECT_NE(xml.find("tests=\"3\" failures=\"1\" skipped=\"0\""), std::string::npos) << xml;
  EXPECT_EQ(count_of(xml, "<testcase"), 3U);
  EXPECT_NE(xml.find("name=\"not puback.p99&gt;1s\"></testcase>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<failure message=\"lost&gt;0: it was 2\">limited by broker"),
            std::string::npos)
      << xml;
}

TEST(JUnit, of_a_run_that_could_not_be_made_fails) {
  Report report = a_report();
  report.exit_code = kCannotConnect;
  EXPECT_NE(junit_of(report).find("\">exit code 3</failure>"), std::string::npos);
}

Report unreachable() {
  Report report = a_report();
  report.broker = "ssl://b:8883";
  report.figures["connected"] = 0;
  report.failure = {ConnectStep::kReach, "Connection refused"};
  report.verdict = {};
  report.exit_code = exit_code_of(report);
  return report;
}

Report interrupted() {
  Report report = a_report();
  report.phases = {{"connect", 3000, 0, 20, true, 3000, false},
                   {"publish", 900, 20, 7.25, true, 218, true},
                   {"hold", 0, 27.25, 0.5, true, 0, false}};
  report.verdict = {Part::kNone, {"until then every stage kept its budget"}};
  report.interrupted = true;
  report.exit_code = exit_code_of(report);
  return report;
}

TEST(Headline, says_how_the_run_ended) {
  EXPECT_EQ(headline_of(a_report()), "limited by broker");
  EXPECT_EQ(headline_of(unreachable()),
            "nobody could connect: ssl://b:8883: Connection refused: "
            "is the stack up (./dmp up) and is --mqtt-uri right?");
  EXPECT_EQ(headline_of(interrupted()), "interrupted in phase publish after 27.2 s");
  Report blamed = interrupted();
  blamed.verdict = {Part::kBridge, {"3 lost"}};
  EXPECT_EQ(headline_of(blamed),
            "interrupted in phase publish after 27.2 s, until then limited by bridge");
  Report both = unreachable();
  both.interrupted = true;
  EXPECT_EQ(headline_of(both),
            "interrupted, nobody had connected: ssl://b:8883: Connection refused: "
            "is the stack up (./dmp up) and is --mqtt-uri right?");
}

TEST(Headline, of_a_run_that_held_tells_that_thresholds_fail) {
  Report report = a_report();
  report.verdict = {};
  EXPECT_EQ(headline_of(report), "held, but beyond 1 threshold");
  report.breaches.push_back("sent>0: it was 9");
  EXPECT_EQ(headline_of(report), "held, but beyond 2 thresholds");
  EXPECT_NE(text_of(report).find("canary r1: held, but beyond 2"), std::string::npos);
  EXPECT_NE(html_of(report, {}).find("held, but beyond 2"), std::string::npos);
  EXPECT_NE(junit_of(report).find("held, but beyond 2"), std::string::npos);
  report.breaches.clear();
  EXPECT_EQ(headline_of(report), "held");
}

TEST(Headline, has_a_way_out_for_each_step_of_a_connect) {
  Report report = unreachable();
  for (const auto& [step, says] :
       {std::pair{ConnectStep::kBrokerCertificate, "--mqtt-ca"},
        std::pair{ConnectStep::kTls, "--authority-certificate"},
        std::pair{ConnectStep::kMqtt, "access list"}, std::pair{ConnectStep::kAnswer, "stuck"}}) {
    report.failure = {step, "no"};
    EXPECT_NE(headline_of(report).find(says), std::string::npos) << headline_of(report);
  }
}

TEST(Headline, stands_in_every_form_of_the_report) {
  for (const Report& report : {unreachable(), interrupted()}) {
    const std::string headline = headline_of(report);
    EXPECT_EQ(text_of(report).find("canary r1: " + headline + "\n"), 0U) << text_of(report);
    EXPECT_NE(html_of(report, {}).find(">" + headline + "</span></h1>"), std::string::npos);
    EXPECT_NE(junit_of(report).find("<failure message=\"" + headline + "\">"), std::string::npos);
    for (const std::string& form : {text_of(report), html_of(report, {}), junit_of(report)}) {
      EXPECT_EQ(form.find("held"), std::string::npos) << form;
      EXPECT_EQ(form.find("limited by"), std::string::npos) << form;
    }
  }
}

TEST(Limit, is_not_known_of_a_run_that_was_not_made_to_its_end) {
  EXPECT_EQ(limit_of(a_report()), Part::kBroker);
  EXPECT_EQ(limit_of(unreachable()), std::nullopt);
  EXPECT_EQ(limit_of(interrupted()), std::nullopt);
  Report held = a_report();
  held.verdict = {};
  EXPECT_EQ(limit_of(held), Part::kNone);
}

TEST(JUnit, of_a_run_that_was_interrupted_skips_what_was_not_decided) {
  const std::string xml = junit_of(interrupted());
  EXPECT_NE(xml.find("skipped=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"not puback.p99&gt;1s\"><skipped"), std::string::npos) << xml;
}

TEST(Report, of_a_run_that_was_interrupted_before_it_began_tells_no_figures) {
  Report report = unreachable();
  report.refused_by.clear();
  report.phases.clear();
  report.interrupted = true;
  EXPECT_EQ(text_of(report).find("lost 2"), std::string::npos) << text_of(report);
  EXPECT_EQ(html_of(report, {}).find("<table"), std::string::npos);
  EXPECT_EQ(html_of(report, {}).find("<svg"), std::string::npos);
}

TEST(Html, shows_the_phase_that_was_cut_and_what_it_had) {
  const std::string html = html_of(interrupted(), {});
  EXPECT_NE(html.find("<tr><td>publish</td><td>900</td><td>20.0</td><td>7.2</td><td><span "
                      "class=\"bad\">cut: 218 of them begun</span></td></tr>"),
            std::string::npos)
      << html;
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

TEST(Html, marks_the_phases_in_its_charts_and_has_budgets_beside_what_they_are_of) {
  Report report = a_report();
  report.seconds.resize(60);
  report.budgets = {{"puback", 2}};
  const std::string html = html_of(report, {});
  EXPECT_EQ(count_of(html, ">publish</text>"), 4U) << "in each chart";
  EXPECT_NE(html.find("<td>3.25</td><td class=\"bad\">2</td>"), std::string::npos) << html;
}

TEST(Html, of_a_run_that_measured_nothing_is_a_page_too) {
  const std::string html = html_of({}, {});
  EXPECT_NE(html.find("</html>"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(Comparison, tells_what_changed) {
  const Figures before = {{"puback_p99_ms", 20}, {"confirmed_p50_ms", 90}, {"visible_p99_ms", 500},
                          {"lost", 0},           {"clients", 3000},        {"sent", 9}};
  const Figures now = {{"puback_p99_ms", 30}, {"confirmed_p50_ms", 30}, {"visible_p99_ms", 510},
                       {"lost", 1},           {"clients", 3000},        {"sent", 5}};
  EXPECT_EQ(
      comparison_of(before, now),
      (std::vector<std::string>{"worse:  lost 0 -> 1", "better: confirmed_p50_ms 90 -> 30 (-67 %)",
                                "worse:  puback_p99_ms 20 -> 30 (+50 %)"}));
  EXPECT_EQ(comparison_of(before, before),
            std::vector<std::string>{"as before: nothing changed noticeably"});
  EXPECT_TRUE(comparison_of({}, now).empty());
}

TEST(Comparison, takes_what_is_no_longer_measured_for_worse) {
  EXPECT_EQ(comparison_of({{"visible_p99_ms", 500}, {"not_visible", 0}, {"lost", 3}},
                          {{"lost", 0}, {"puback_p99_ms", 7}}),
            (std::vector<std::string>{"worse:  visible_p99_ms was 500, now not measured",
                                      "better: lost 3 -> 0 (-100 %)",
                                      "worse:  not_visible was 0, now not measured"}));
}

TEST(Comparison, is_made_of_whole_runs_only) {
  EXPECT_TRUE(is_comparable(a_report()));
  EXPECT_FALSE(is_comparable(unreachable()));
  EXPECT_FALSE(is_comparable(interrupted()));
}

TEST(Comparison, says_first_that_two_runs_are_unlike) {
  const auto lines =
      comparison_of({{"clients", 300}, {"load_storm", 0}}, {{"clients", 3000}, {"load_storm", 1}});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "unlike: clients 300 -> 3000: the two runs did not do the same");
  EXPECT_EQ(lines[1].find("unlike: load_storm 0 -> 1"), 0U);
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
