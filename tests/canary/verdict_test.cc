#include "canary/core/verdict.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

TEST(Verdict, names_the_first_part_on_the_way_that_exceeded_its_budget) {
  struct Case {
    const char* name;
    Figures figures;
    Part part;
  };
  const Case cases[] = {
      {"nothing measured, nothing limited", {}, Part::kNone},
      {"all within budget", {{"puback_p99_ms", 199}, {"visible_p99_ms", 4999}}, Part::kNone},
      {"the canary itself was late",
       {{"wire_late_p99_ms", 20.5}, {"puback_p99_ms", 240}},
       Part::kClient},
      {"late itself, and yet everything in time",
       {{"wire_late_p99_ms", 61}, {"connect_p99_ms", 1900}, {"puback_p99_ms", 190}},
       Part::kNone},
      {"late itself, and that explains what failed",
       {{"wire_late_p99_ms", 300}, {"refused", 3}, {"unsent", 9}, {"confirmed_p99_ms", 2600}},
       Part::kClient},
      {"late itself, at each step of a connect",
       {{"wire_late_p99_ms", 331.8},
        {"connect_p99_ms", 3113},
        {"connect_tcp_p99_ms", 856},
        {"connect_tls_p99_ms", 399},
        {"connect_mqtt_p99_ms", 848}},
       Part::kClient},
      {"late itself, but a connect that was begun took ten seconds",
       {{"wire_late_p99_ms", 61}, {"connect_p99_ms", 12000}, {"connect_mqtt_p99_ms", 10000}},
       Part::kBroker},
      {"late itself, but that does not explain a minute",
       {{"wire_late_p99_ms", 61}, {"confirmed_p99_ms", 60817}, {"bridge_stored_p99_ms", 250}},
       Part::kBridge},
      {"late itself, but updates are lost", {{"wire_late_p99_ms", 61}, {"lost", 1}}, Part::kBridge},
      {"slow PUBACKs", {{"puback_p99_ms", 201}, {"confirmed_p99_ms", 9000}}, Part::kBroker},
      {"refused connects", {{"refused", 1}}, Part::kBroker},
      {"lost connections", {{"disconnected", 3000}, {"lost", 40}}, Part::kBroker},
      {"lost connections, and late itself by a little",
       {{"wire_late_p99_ms", 21.6}, {"wire_late_max_ms", 80}, {"disconnected", 200}, {"lost", 20}},
       Part::kBroker},
      {"lost connections after a silence of its own that no broker bears",
       {{"wire_late_p99_ms", 31'000}, {"wire_late_max_ms", 31'000}, {"disconnected", 200}},
       Part::kClient},
      {"the same once, and otherwise in time",
       {{"wire_late_p99_ms", 3}, {"wire_late_max_ms", 10'000}, {"disconnected", 200}, {"lost", 20}},
       Part::kClient},
      {"a silence of its own that the broker did bear",
       {{"wire_late_p99_ms", 3}, {"wire_late_max_ms", 10'000}},
       Part::kNone},
      {"slow connects", {{"connect_p99_ms", 2001}}, Part::kBroker},
      {"a frozen bridge",
       {{"lost", 40}, {"bridge_away_s", 12}, {"bridge_stored_p99_ms", 9000}},
       Part::kBridge},
      {"metrics of a bridge that never answered, with every update confirmed",
       {{"bridge_away_s", 60}, {"registry_away_s", 60}},
       Part::kNone},
      {"a bridge that was away for a while",
       {{"bridge_away_s", 4}, {"bridge_oldest_s", 0.1}},
       Part::kBridge},
      {"a bridge that is not there", {{"not_taken", 40}, {"lost", 40}}, Part::kBridge},
      {"a slow bridge", {{"confirmed_p99_ms", 3000}, {"bridge_stored_p99_ms", 20}}, Part::kBridge},
      {"slow Kafka", {{"confirmed_p99_ms", 3000}, {"bridge_stored_p99_ms", 2500}}, Part::kKafka},
      {"Kafka away",
       {{"lost", 900}, {"bridge_oldest_s", 25}, {"bridge_stored_p99_ms", 20}},
       Part::kKafka},
      {"a full window", {{"lost", 1}, {"bridge_window_closed_s", 3}}, Part::kKafka},
      {"a frozen registry", {{"not_visible", 3000}, {"registry_away_s", 20}}, Part::kRegistry},
      {"a REST API that is away",
       {{"not_visible", 3000}, {"rest_failures", 9}, {"rest_away_s", 18}},
       Part::kRegistry},
      {"a single read that failed",
       {{"rest_failures", 1}, {"rest_away_s", 0.01}, {"rest_lists", 3}},
       Part::kNone},
      {"a list that never came", {{"rest_lists", 0}}, Part::kRegistry},
      {"a slow registry",
       {{"visible_p99_ms", 6000}, {"ingest_batch_p99_ms", 100}},
       Part::kRegistry},
      {"a slow database",
       {{"visible_p99_ms", 6000}, {"ingest_batch_p99_ms", 1000}},
       Part::kDatabase},
      {"a backlog behind slow statements",
       {{"peak_lag", 20001}, {"ingest_batch_p99_ms", 300}},
       Part::kDatabase},
      {"a database that refuses", {{"not_visible", 1}, {"ingest_retries", 4}}, Part::kDatabase},
      {"a database that hangs", {{"not_visible", 1}, {"ingest_stalled_s", 9}}, Part::kDatabase},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Verdict verdict = judge(c.figures, {});
    EXPECT_EQ(name_of(verdict.part), name_of(c.part));
    EXPECT_FALSE(verdict.evidence.empty());
  }
}

TEST(Verdict, tells_the_figure_and_the_budget) {
  const Verdict verdict = judge({{"puback_p99_ms", 312.4}}, {});
  EXPECT_EQ(text_of(verdict), "limited by broker");
  EXPECT_EQ(verdict.evidence, std::vector<std::string>{"p99 until PUBACK: 312.4, budget 200"});
}

TEST(Verdict, tells_lost_connections_before_its_own_lateness) {
  const Verdict verdict = judge({{"wire_late_p99_ms", 21.6}, {"disconnected", 200}}, {});
  ASSERT_EQ(verdict.evidence.size(), 2U);
  EXPECT_EQ(verdict.evidence[0], "200 connections were lost");
}

TEST(Verdict, of_slow_connects_tells_which_part_of_them_took_long) {
  const Verdict verdict = judge({{"connect_p99_ms", 3100},
                                 {"connect_tcp_p99_ms", 3010},
                                 {"connect_tls_p99_ms", 4.5},
                                 {"connect_mqtt_p99_ms", 1}},
                                {});
  EXPECT_EQ(verdict.evidence,
            (std::vector<std::string>{
                "p99 until CONNACK: 3100, budget 2000",
                "of a connect that was begun, p99 until TCP stood: 3010 ms, then until TLS did: "
                "4.5 ms, then until CONNACK: 1 ms"}));
}

TEST(Verdict, goes_by_the_budgets_it_is_given) {
  Budgets budgets;
  budgets.puback_ms = 400;
  EXPECT_EQ(text_of(judge({{"puback_p99_ms", 312}, {"wire_late_p99_ms", 39}}, budgets)), "held");
}

}  // namespace
}  // namespace dmp::canary
