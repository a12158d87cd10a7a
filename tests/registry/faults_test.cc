// A lane whose database fails as CockroachDB and networks do: a proxy in front of a real
// PostgreSQL.
#include <map>
#include <memory>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fixtures/waiting.h"
#include "tests/registry/lane_parts.h"
#include "tests/registry/postgres_proxy.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;
using test::Fault;
using test::wait_for;

constexpr Partition kPartition{kafka::kDeviceUpdates, 0};
constexpr int kSessions = 3;
constexpr std::size_t kBatch = 10;

class Faults : public StoreTest, protected LaneParts {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (!test::PostgresProxy::fits(database_.connection_string())) {
      GTEST_SKIP() << "needs a database of its own";
    }
    watch_firmware();
    // A row that is written twice for the same news.
    database_.execute(
        "CREATE TABLE written (session UUID, at BIGINT);"
        "CREATE FUNCTION note_written() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
        "written VALUES (NEW.device_session_id, NEW.software_at); RETURN NEW; END';"
        "CREATE TRIGGER written AFTER INSERT OR UPDATE ON device_session FOR EACH ROW EXECUTE "
        "FUNCTION note_written()");
    proxy_ = std::make_unique<test::PostgresProxy>(database_.connection_string());
    through_proxy_ = std::make_unique<PqxxStore>(proxy_->connection_string());
    assignment_.open({{kPartition, 0}});
  }

  void TearDown() override { end(); }

  void push_changes(int count) {
    std::vector<Record> records;
    for (int i = 0; i < count; ++i) {
      ++last_;
      Facets facets;
      facets.software = software_at(last_, std::to_string(last_));
      records.push_back(
          update_record(rae_, static_cast<int>(last_ % kSessions), change_at(last_, facets)));
    }
    source_.push(std::move(records));
  }

  void start() {
    lane_ = std::make_unique<Lane>(lane_with({.batch = {kBatch, 1 << 20},
                                              .retry = {milliseconds(1), milliseconds(2), 0},
                                              .configuration_retry = milliseconds(1),
                                              .patience = milliseconds(5),
                                              .beats = false},
                                             *through_proxy_));
    thread_ = std::jthread([this] { lane_->run(source_); });
  }

  void end() {
    assignment_.end();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool all_done() {
    const auto lags = assignment_.lags([this](const Partition&) { return last_; });
    return lags.size() == 1 && lags[0].records == 0;
  }

  [[nodiscard]] double retries(const std::string& sqlstate) {
    return metrics_
        .counter("dmp_ingest_retries_total", "", {{"class", "transient"}, {"sqlstate", sqlstate}})
        .value();
  }

  // All that was pushed is there once, and nothing else was touched on the way.
  void expect_applied_once() {
    EXPECT_EQ(database_.cell("SELECT count(*) FROM device_event"), std::to_string(last_));
    EXPECT_EQ(
        database_.cell("SELECT count(*) FROM device_session WHERE firmware_version::BIGINT > " +
                       std::to_string(last_ - kSessions)),
        std::to_string(kSessions));
    EXPECT_EQ(went_back(), "0");
    EXPECT_EQ(database_.cell("SELECT count(*) - count(DISTINCT (session, at)) FROM written"), "0");
    EXPECT_TRUE(dead_letters_.letters().empty());
    EXPECT_EQ(assignment_.take_last(), (std::vector<PartitionOffset>{{kPartition, last_}}));
    EXPECT_EQ(troubles_.text(), "");
  }

  std::unique_ptr<test::PostgresProxy> proxy_;
  std::unique_ptr<PqxxStore> through_proxy_;
  std::unique_ptr<Lane> lane_;
  std::jthread thread_;
  std::int64_t last_ = 0;
};

TEST_F(Faults, a_statement_that_failed_or_may_have_is_sent_again_and_counted_by_its_sqlstate) {
  proxy_->plan({Fault::kRetryUnapplied, Fault::kRetryApplied, Fault::kRetryUnapplied,
                Fault::kAmbiguousUnapplied, Fault::kAmbiguousApplied, Fault::kCutUnapplied,
                Fault::kCutApplied, Fault::kSlow});
  push_changes(100);
  start();
  ASSERT_TRUE(wait_for([&] { return all_done(); })) << troubles_.text();
  end();
  expect_applied_once();
  EXPECT_TRUE(proxy_->plan_is_done());
  EXPECT_EQ(retries("40001"), 3);
  EXPECT_EQ(retries("40003"), 2);
  EXPECT_GE(retries("connection"), 2) << "a lost connection has no SQLSTATE";
}

TEST_F(Faults, any_mixture_of_them_loses_nothing_and_leaves_nothing_stale) {
  constexpr int kPlanned = 60;
  std::mt19937 random(7);
  const Fault kinds[] = {Fault::kNone,
                         Fault::kRetryUnapplied,
                         Fault::kRetryApplied,
                         Fault::kAmbiguousUnapplied,
                         Fault::kAmbiguousApplied,
                         Fault::kCutUnapplied,
                         Fault::kCutApplied};
  std::vector<Fault> plan;
  std::map<std::string, double> expected = {{"40001", 0}, {"40003", 0}, {"connection", 0}};
  for (int i = 0; i < kPlanned; ++i) {
    const auto kind = random() % std::size(kinds);
    plan.push_back(kinds[kind]);
    if (kind == 1 || kind == 2) ++expected["40001"];
    if (kind == 3 || kind == 4) ++expected["40003"];
    if (kind >= 5) ++expected["connection"];
  }
  proxy_->plan(plan);
  push_changes(kPlanned * static_cast<int>(kBatch));
  start();
  ASSERT_TRUE(wait_for([&] { return all_done(); })) << troubles_.text();
  end();
  expect_applied_once();
  EXPECT_TRUE(proxy_->plan_is_done());
  for (const std::string sqlstate : {"40001", "40003"}) {
    EXPECT_EQ(retries(sqlstate), expected[sqlstate]) << sqlstate;
  }
  EXPECT_GE(retries("connection"), expected["connection"])
      << "a new connection that takes long counts too";
}

}  // namespace
}  // namespace dmp::registry
