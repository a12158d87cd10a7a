// What /readyz says of the ingest role, on fakes: each trouble by its own name.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "registry/ingest.h"
#include "tests/fixtures/waiting.h"
#include "tests/registry/fakes.h"
#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;
using test::wait_for;

constexpr Partition kPartition{kafka::kDeviceUpdates, 0};

// Stands still until it is told to go on.
class HandClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return 1'000'000'000 + passed_us_; }
  [[nodiscard]] SteadyTime steady() const override {
    return SteadyTime(std::chrono::microseconds(1'000'000'000 + passed_us_));
  }
  void pass(std::chrono::seconds time) { passed_us_ += std::chrono::microseconds(time).count(); }

 private:
  std::atomic<std::int64_t> passed_us_{0};
};

// What one membership owns of a source that outlives it.
class BorrowedSource final : public RecordSource {
 public:
  BorrowedSource(FakeSource& source, std::atomic<bool>& kafka_is_down)
      : source_(source), kafka_is_down_(kafka_is_down) {}

  Status poll(milliseconds patience) override { return source_.poll(patience); }
  void commit(const std::vector<PartitionOffset>& offsets) override { source_.commit(offsets); }
  void close() override {}
  [[nodiscard]] std::string trouble() const override {
    return kafka_is_down_ ? "Kafka down: no broker answers" : "";
  }
  std::vector<Record> take(std::size_t lane, Credit credit, milliseconds patience) override {
    return source_.take(lane, credit, patience);
  }
  [[nodiscard]] std::optional<std::int64_t> end(const Partition& partition) const override {
    return source_.end(partition);
  }
  [[nodiscard]] Flow flow() const override { return {3, 4, 5, 6, true, {{kPartition, 7, 8}}}; }

 private:
  FakeSource& source_;
  std::atomic<bool>& kafka_is_down_;
};

class BorrowedStore final : public DeviceStore {
 public:
  explicit BorrowedStore(FakeStore& store) : store_(store) {}
  SqlResult<Written> write(const Rows& rows) override { return store_.write(rows); }
  SqlResult<void> beat(const std::vector<Beat>& beats) override { return store_.beat(beats); }
  SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& raes) override {
    return store_.floors(raes);
  }
  void interrupt() override {}

 private:
  FakeStore& store_;
};

class IngestStates : public testing::Test {
 protected:
  ~IngestStates() override {
    thread_.request_stop();
    store_.fail_next(SqlFault::kTransient, 0);
  }

  Ingest::Parts parts() {
    return {.clock = clock_,
            .metrics = metrics_,
            .dead_letters = dead_letters_,
            .resyncs = sender_,
            .make_source =
                [this](AssignmentListener& listener) -> Result<std::unique_ptr<RecordSource>> {
              if (is_refused_) return fail("kafka_fatal", "fenced", Retry::kYes);
              listener.assigned({{kPartition, 0, expired_}});
              return std::make_unique<BorrowedSource>(source_, kafka_is_down_);
            },
            .make_store = [this] { return std::make_unique<BorrowedStore>(store_); },
            .share = {1, 1},
            .limits = {.retry = {milliseconds(1), milliseconds(1), 0},
                       .patience = milliseconds(5),
                       .beats = false},
            .memory = {1000, 20}};
  }

  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { ingest_.run(stop); });
  }

  // Only this clock moves it on to look again.
  bool says(const std::string& reason) {
    return wait_for([&] {
      clock_.pass(std::chrono::seconds(2));
      return ingest_.ready().reason == reason;
    });
  }

  void push_change() {
    Facets facets;
    facets.software = software_at(1, "1");
    Record record = update_record(rae_named("rae-1"), 1, change_at(1, facets));
    record.timestamp_ms = clock_.wall_us() / 1000;
    source_.push({record});
  }

  HandClock clock_;
  Metrics metrics_;
  FakeDeadLetters dead_letters_;
  FakeResyncSender sender_;
  FakeStore store_;
  FakeSource source_;
  std::atomic<bool> kafka_is_down_{false};
  std::atomic<bool> is_refused_{false};
  std::int64_t expired_ = 0;
  Ingest ingest_{parts()};
  std::jthread thread_;
};

TEST_F(IngestStates, is_ready_when_nothing_is_left_to_do) {
  start();
  EXPECT_TRUE(says("ingest: up to date")) << ingest_.ready().reason;
  EXPECT_TRUE(ingest_.ready().good);
}

TEST_F(IngestStates, says_that_kafka_is_down_and_nothing_else) {
  kafka_is_down_ = true;
  start();
  EXPECT_TRUE(says("ingest: Kafka down: no broker answers")) << ingest_.ready().reason;
  EXPECT_FALSE(ingest_.ready().good);
  kafka_is_down_ = false;
  EXPECT_TRUE(says("ingest: up to date")) << ingest_.ready().reason;
}

TEST_F(IngestStates, says_that_it_lost_its_membership) {
  is_refused_ = true;
  start();
  EXPECT_TRUE(says("ingest: Kafka down: fenced")) << ingest_.ready().reason;
}

TEST_F(IngestStates, says_that_the_database_is_down_before_it_counts_as_lagging) {
  start();
  ASSERT_TRUE(says("ingest: up to date"));
  store_.fail_next(SqlFault::kTransient, 1'000'000'000);
  push_change();
  EXPECT_TRUE(wait_for([&] { return ingest_.ready().reason == "ingest: database down: scripted"; }))
      << ingest_.ready().reason;
}

TEST_F(IngestStates, says_how_far_it_lags_when_both_work_and_it_is_slow) {
  start();
  ASSERT_TRUE(says("ingest: up to date"));
  store_.hold();
  push_change();
  ASSERT_TRUE(wait_for([&] { return source_.fetched() == 0; }));
  clock_.pass(std::chrono::seconds(61));
  EXPECT_TRUE(wait_for([&] {
    clock_.pass(std::chrono::seconds(2));
    return ingest_.ready().reason.starts_with("ingest: lagging ");
  })) << ingest_.ready().reason;
  EXPECT_EQ(ingest_.ready().reason.find("down"), std::string::npos);
  store_.go_on();
  EXPECT_TRUE(says("ingest: up to date")) << ingest_.ready().reason;
}

TEST_F(IngestStates, counts_what_kafka_removed_before_it_was_read) {
  expired_ = 7;
  start();
  ASSERT_TRUE(says("ingest: up to date"));
  EXPECT_NE(metrics_.text().find("dmp_ingest_records_missing_total 7\n"), std::string::npos);
}

TEST_F(IngestStates, shows_its_bounds_and_what_flows) {
  start();
  ASSERT_TRUE(says("ingest: up to date"));
  const std::string text = metrics_.text();
  for (const std::string line :
       {"dmp_ingest_memory_bound_bytes 1020", "dmp_ingest_fetches_total 3",
        "dmp_ingest_fetched_records_total 4", "dmp_ingest_fetched_bytes_total 5",
        "dmp_ingest_coordinator_sent_bytes_total 6", "dmp_ingest_fetched_records 7",
        "dmp_ingest_dead_lettered_total{code=\"not_json\"} 0",
        "dmp_ingest_dead_lettered_total{code=\"refused_by_database\"} 0",
        "dmp_ingest_retries_total{class=\"transient\",sqlstate=\"connection\"} 0",
        "dmp_ingest_retries_total{class=\"transient\",sqlstate=\"57014\"} 0",
        "dmp_ingest_queue_records{partition=\"0\",topic=\"dmp.device-updates\"} 7",
        "dmp_ingest_queue_bytes{partition=\"0\",topic=\"dmp.device-updates\"} 8"}) {
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace dmp::registry
