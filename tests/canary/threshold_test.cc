#include "canary/core/threshold.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

TEST(Threshold, is_breached_by_what_is_beyond_its_bound) {
  const Figures figures = {{"puback_p99_ms", 200}, {"lost", 3}, {"connected", 2999}};
  struct Case {
    const char* text;
    bool breached;
  };
  constexpr Case kCases[] = {
      {"puback.p99>200ms", false},
      {"puback.p99>=200ms", true},
      {"puback.p99 >= 0.2s", true},
      {"puback.p99>0.2s", false},
      {"lost >= 3", true},
      {"puback.p99>199ms", true},
      {"puback.p99<200ms", false},
      {"puback.p99<=200ms", true},
      {"puback.p99<1s", true},
      {"lost>0", true},
      {"lost>3", false},
      {"lost>2.5", true},
      {"connected<3000", true},
      {"connected<2999", false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto threshold = Threshold::parse(c.text);
    ASSERT_TRUE(threshold);
    EXPECT_EQ(threshold->breach(figures).has_value(), c.breached);
  }
}

TEST(Threshold, says_what_it_found) {
  EXPECT_EQ(Threshold::parse("puback.p99>200ms")->breach({{"puback_p99_ms", 312.5}}),
            "puback.p99>200ms: it was 312.5 ms");
  EXPECT_EQ(Threshold::parse("lost>0")->breach({{"lost", 7}}), "lost>0: it was 7");
}

TEST(Threshold, of_a_count_that_is_missing_is_breached) {
  EXPECT_EQ(Threshold::parse("s_to_lag_zero>10")->breach({{"lost", 0}}),
            "s_to_lag_zero>10: not measured")
      << "the lag never came back";
}

TEST(Threshold, of_a_stage_nothing_was_measured_of_is_breached) {
  EXPECT_EQ(Threshold::parse("visible.p50>2s")->breach({}), "visible.p50>2s: not measured");
}

TEST(Threshold, of_a_run_that_was_cut_is_breached_only_by_what_stays_so) {
  const Figures figures = {{"connected", 120}, {"lost", 3}};
  EXPECT_EQ(Threshold::parse("lost>0")->breach_so_far(figures), "lost>0: it was 3");
  EXPECT_EQ(Threshold::parse("lost>3")->breach_so_far(figures), std::nullopt);
  EXPECT_EQ(Threshold::parse("connected<3000")->breach_so_far(figures), std::nullopt);
  EXPECT_EQ(Threshold::parse("visible.p50>2s")->breach_so_far(figures), std::nullopt);
}

TEST(Threshold, that_is_not_understood_says_what_would_be) {
  struct Case {
    const char* text;
    const char* says;
  };
  constexpr Case kCases[] = {
      {"puback.p99", "no > or <"},
      {"", "no > or <"},
      {"publish.p99>1s", "stages: connect, connect_tcp, connect_tls, connect_mqtt, suback, "},
      {"puback.p42>1s", "percentiles: p50, p90, p95, p99, p999, max"},
      {"puback.p99>200", "is not a duration"},
      {"lost>few", "'few' is not a number"},
      {"lost>nan", "'nan' is not a number"},
      {"losses>0", "'losses' is no count; known: connected"},
      {"lost>", "'' is not a number"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto threshold = Threshold::parse(c.text);
    ASSERT_FALSE(threshold);
    EXPECT_NE(threshold.error().message.find(c.says), std::string::npos)
        << threshold.error().message;
  }
}

}  // namespace
}  // namespace dmp::canary
