#include "canary/core/watch.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Reading registry_at(Micros at, double lag, double batches) {
  Reading reading;
  reading.at = at;
  reading.asked_registry = true;
  reading.registry = RegistryReading{lag, {}, batches, 0};
  return reading;
}

Figures figures_of(const Watch& watch, Micros burst_end) {
  Figures figures;
  watch.add_figures(figures, burst_end);
  return figures;
}

TEST(Watch, tells_the_peak_and_when_the_lag_was_back_where_it_had_been) {
  Watch watch;
  watch.take(registry_at(Micros(-1), 5, 1));
  watch.take(registry_at(seconds(1), 900, 2));
  watch.take(registry_at(seconds(2), 3000, 3));
  watch.take(registry_at(seconds(3), 6, 4));
  EXPECT_FALSE(watch.lag_is_back());
  watch.take(registry_at(milliseconds(3500), 5, 5));
  EXPECT_TRUE(watch.lag_is_back());
  const Figures figures = figures_of(watch, seconds(2));
  EXPECT_EQ(figures.at("peak_lag"), 3000);
  EXPECT_EQ(figures.at("s_to_lag_zero"), 1.5);
}

TEST(Watch, leaves_out_a_time_that_never_came) {
  Watch watch;
  watch.take(registry_at(Micros(-1), 0, 1));
  watch.take(registry_at(seconds(1), 900, 2));
  EXPECT_FALSE(figures_of(watch, seconds(0)).contains("s_to_lag_zero"));
}

TEST(Watch, counts_how_long_nothing_was_stored_with_records_waiting) {
  Watch watch;
  watch.take(registry_at(seconds(1), 10, 7));
  watch.take(registry_at(seconds(2), 20, 7));
  watch.take(registry_at(seconds(5), 30, 7));
  watch.take(registry_at(seconds(6), 30, 8));
  watch.take(registry_at(seconds(9), 0, 8));
  EXPECT_EQ(figures_of(watch, seconds(1)).at("ingest_stalled_s"), 4);
}

TEST(Watch, counts_how_long_a_program_did_not_answer) {
  Watch watch;
  Reading away;
  away.asked_bridge = true;
  watch.take(away);
  away.at = seconds(3);
  watch.take(away);
  const Figures figures = figures_of(watch, seconds(0));
  EXPECT_EQ(figures.at("bridge_away_s"), 3);
  EXPECT_FALSE(figures.contains("registry_away_s")) << "nobody asked it";
  EXPECT_FALSE(figures.contains("bridge_stored_p99_ms"));
}

TEST(Watch, takes_of_a_histogram_what_was_counted_during_the_run) {
  Watch watch;
  Reading reading;
  reading.asked_bridge = true;
  reading.bridge = BridgeReading{.stored_after = {{0.01, 100}, {1, 100}}};
  watch.take(reading);
  reading.at = seconds(1);
  reading.bridge = BridgeReading{.stored_after = {{0.01, 100}, {1, 150}}, .oldest_s = 2.5};
  watch.take(reading);
  const Figures figures = figures_of(watch, seconds(0));
  EXPECT_EQ(figures.at("bridge_stored_p99_ms"), 1000);
  EXPECT_EQ(figures.at("bridge_oldest_s"), 2.5);
}

TEST(Watch, reads_the_programs_metrics) {
  const auto registry = read_registry(
      "dmp_ingest_lag_records{partition=\"0\",topic=\"t\"} 3\n"
      "dmp_ingest_lag_records{partition=\"1\",topic=\"t\"} 4\n"
      "dmp_ingest_lag_seconds{partition=\"1\",topic=\"t\"} 400\n"
      "dmp_ingest_batches_total 12\n"
      "dmp_ingest_batch_seconds_bucket{le=\"+Inf\"} 12\n"
      "dmp_ingest_retries_total{class=\"transient\"} 2\n");
  ASSERT_TRUE(registry);
  EXPECT_EQ(registry->lag_records, 7);
  EXPECT_EQ(registry->batches, 12);
  EXPECT_EQ(registry->retries, 2);
  const auto bridge = read_bridge(
      "dmp_bridge_valve_open 0\ndmp_bridge_window_oldest_seconds 1.5\n"
      "dmp_bridge_stored_after_seconds_bucket{le=\"+Inf\"} 0\n");
  ASSERT_TRUE(bridge);
  EXPECT_FALSE(bridge->window_open);
  EXPECT_EQ(bridge->oldest_s, 1.5);
}

TEST(Watch, takes_another_programs_metrics_for_no_answer) {
  EXPECT_FALSE(read_bridge(""));
  EXPECT_FALSE(read_bridge("dmp_ingest_batches_total 12\n"));
  EXPECT_FALSE(read_registry("dmp_bridge_valve_open 1\n"));
}

}  // namespace
}  // namespace dmp::canary
