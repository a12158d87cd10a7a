// KafkaSource on emulated brokers, and on a real Kafka with DMP_TEST_KAFKA: what one member has
// committed no other gets again, and nothing is lost when partitions move.
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "registry/adapters/kafka_source.h"
#include "registry/assignment.h"
#include "tests/fixtures/kafka.h"
#include "tests/fixtures/waiting.h"

namespace dmp::registry {
namespace {

using test::wait_for;

constexpr int kPartitions = 4;

// Outlives every test: Partition only points at its topic.
std::string_view topic_of_this_run() {
  static const std::string kTopic = test::unique_name("source-test");
  return kTopic;
}

// A member that counts what it gets, as a lane does, on two threads.
class Member final : private AssignmentListener {
 public:
  Member(const test::TestKafka& kafka, const std::string& group, const std::string& instance = {},
         std::int64_t queued_records_max = 2000, std::string_view topic = topic_of_this_run())
      : assignment_(clock_) {
    KafkaSourceOptions options;
    options.brokers = kafka.brokers();
    options.group = group;
    options.instance = instance;
    options.share = {1, 1};
    options.topics = {topic};
    options.session_timeout_ms = 6000;
    options.queued_records_max = queued_records_max;
    source_ = std::move(*KafkaSource::make(options, *this));
    loop_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
    lane_ = std::jthread([this] { lane(); });
  }

  ~Member() override { leave(); }

  // Cleanly; everything done is committed.
  void leave() {
    loop_.request_stop();
    if (loop_.joinable()) loop_.join();
    assignment_.end();
    if (lane_.joinable()) lane_.join();
    source_->close();
  }

  [[nodiscard]] std::size_t got() const { return got_; }
  [[nodiscard]] std::multiset<std::string> values() {
    std::lock_guard lock(mutex_);
    return values_;
  }
  [[nodiscard]] int commits_answered() const { return answered_; }
  [[nodiscard]] Flow flow() const { return source_->flow(); }
  [[nodiscard]] bool in_order() const { return in_order_; }
  [[nodiscard]] std::size_t partitions() const { return partitions_; }
  // It was given a partition without being told where that begins.
  [[nodiscard]] bool begun_unknown() const { return begun_unknown_; }
  // Records that Kafka removed before it was there to read them.
  [[nodiscard]] std::int64_t expired() const { return expired_; }
  // Partitions of which it knows how far behind it is.
  [[nodiscard]] std::size_t lags_known() {
    return assignment_.lags([this](const Partition& each) { return source_->end(each); }).size();
  }
  // What it knows of the ends of the partitions, together.
  [[nodiscard]] std::int64_t ends() const {
    std::int64_t sum = 0;
    for (int i = 0; i < kPartitions; ++i) sum += source_->end({topic_of_this_run(), i}).value_or(0);
    return sum;
  }
  // Takes nothing any more, as a lane whose database is away.
  void hold() { holds_ = true; }
  // Its source has said that another one must be made.
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  void assigned(const std::vector<Start>& starts) override {
    for (const Start& start : starts) {
      begun_unknown_ = begun_unknown_ || !start.next;
      expired_ += start.expired;
    }
    partitions_ = starts.size();
    {
      std::lock_guard lock(mutex_);
      last_.clear();
    }
    assignment_.open(starts);
  }
  void located(const std::vector<Start>& starts) override {
    for (const Start& start : starts) expired_ += start.expired;
    assignment_.locate(starts);
  }
  std::vector<PartitionOffset> revoked() override {
    partitions_ = 0;
    assignment_.close(std::chrono::seconds(2));
    return assignment_.take_last();
  }
  void commit_failed(const std::vector<PartitionOffset>& offsets) override {
    assignment_.commit_failed(offsets);
  }
  void commit_answered(std::chrono::steady_clock::duration) override { ++answered_; }

  void loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!source_->poll(std::chrono::milliseconds(20))) {
        finished_ = true;
        return;
      }
      if (const auto due = assignment_.take_due(); !due.empty()) source_->commit(due);
    }
  }

  void lane() {
    while (const auto turn = assignment_.enter(1)) {
      if (holds_) {
        assignment_.wait(*turn, std::chrono::milliseconds(20));
        assignment_.leave(1);
        continue;
      }
      const auto records = source_->take(1, {7, 1 << 20}, std::chrono::milliseconds(20));
      if (!records.empty()) {
        count(records);
        assignment_.done(*turn, records);
      }
      assignment_.leave(1);
    }
  }

  void count(const std::vector<Record>& records) {
    std::lock_guard lock(mutex_);
    for (const Record& record : records) {
      const auto last = last_.find(record.partition);
      if (last != last_.end() && record.offset != last->second + 1) in_order_ = false;
      last_[record.partition] = record.offset;
      values_.insert(record.value);
    }
    got_ += records.size();
  }

  SystemClock clock_;
  Assignment assignment_;
  std::unique_ptr<RecordSource> source_;
  std::mutex mutex_;
  std::multiset<std::string> values_;
  std::map<Partition, std::int64_t> last_;
  std::atomic<std::size_t> got_{0};
  std::atomic<int> answered_{0};
  std::atomic<std::size_t> partitions_{0};
  std::atomic<bool> in_order_{true};
  std::atomic<bool> begun_unknown_{false};
  std::atomic<std::int64_t> expired_{0};
  std::atomic<bool> finished_{false};
  std::atomic<bool> holds_{false};
  std::jthread loop_;
  std::jthread lane_;
};

class Source : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kafka_ = std::make_unique<test::TestKafka>();
    kafka_->create_topic(std::string(topic_of_this_run()), kPartitions);
  }
  static void TearDownTestSuite() { kafka_.reset(); }

  // Values "0", "1", ...: each test knows how many there are.
  static void produce(int count) {
    std::vector<test::KafkaRecord> records;
    for (int i = 0; i < count; ++i) {
      records.push_back({"key", std::to_string(produced_++), {{"h", "v"}}, i % kPartitions, 0});
    }
    kafka_->produce(std::string(topic_of_this_run()), records);
  }

  static std::int64_t committed(const std::string& group) {
    return kafka_->committed(group, std::string(topic_of_this_run()));
  }

  static inline std::unique_ptr<test::TestKafka> kafka_;
  static inline int produced_ = 0;
};

TEST_F(Source, gives_everything_in_order_and_commits_it) {
  produce(500);
  const std::string group = test::unique_name("group");
  Member member(*kafka_, group);
  ASSERT_TRUE(wait_for([&] { return member.got() == static_cast<std::size_t>(produced_); }));
  ASSERT_TRUE(wait_for([&] { return committed(group) == produced_; })) << "without being stopped";
  EXPECT_TRUE(member.in_order());
  EXPECT_EQ(member.partitions(), static_cast<std::size_t>(kPartitions));
  EXPECT_TRUE(wait_for([&] { return member.commits_answered() > 0; }));
  ASSERT_TRUE(wait_for([&] { return member.flow().records >= 500; })) << "by the statistics";
  const Flow flow = member.flow();
  EXPECT_GT(flow.fetches, 0);
  EXPECT_GT(flow.bytes, 500);
  EXPECT_GT(flow.coordinator_bytes, 0);
  EXPECT_EQ(flow.queues.size(), static_cast<std::size_t>(kPartitions));
}

TEST_F(Source, a_member_that_comes_back_gets_only_what_is_new) {
  produce(100);
  const std::string group = test::unique_name("group");
  {
    Member first(*kafka_, group);
    ASSERT_TRUE(wait_for([&] { return first.got() == static_cast<std::size_t>(produced_); }));
  }
  EXPECT_EQ(committed(group), produced_) << "a clean end commits";
  produce(10);
  Member second(*kafka_, group);
  ASSERT_TRUE(wait_for([&] { return second.got() >= 10; }));
  second.leave();
  EXPECT_EQ(second.got(), 10U);
}

TEST_F(Source, says_once_what_kafka_removed_before_it_was_read) {
  if (kafka_->is_emulated()) GTEST_SKIP() << "an emulated Kafka removes nothing";
  using Seen = std::pair<std::size_t, std::int64_t>;  // records got, and removed before
  static const std::string kTopic = test::unique_name("source-test-expired");
  kafka_->create_topic(kTopic, 1);
  const std::vector<test::KafkaRecord> five(5, {"key", "value", {}, 0, 0});
  const std::string group = test::unique_name("group");
  const auto commits_all_until = [&](std::int64_t offset) {
    Member member(*kafka_, group, {}, 2000, kTopic);
    EXPECT_TRUE(wait_for([&] { return kafka_->committed(group, kTopic) == offset; }));
    member.leave();
    return Seen(member.got(), member.expired());
  };
  kafka_->produce(kTopic, five);
  EXPECT_EQ(commits_all_until(5), Seen(5, 0));
  kafka_->produce(kTopic, five);
  test::remove_records(kafka_->brokers(), kTopic, 8);
  EXPECT_EQ(commits_all_until(10), Seen(2, 3));
  kafka_->produce(kTopic, five);
  test::remove_records(kafka_->brokers(), kTopic, 15);
  EXPECT_EQ(commits_all_until(15), Seen(0, 5)) << "nothing is left";
  kafka_->produce(kTopic, {five[0]});
  EXPECT_EQ(commits_all_until(16), Seen(1, 0)) << "said before";
}

TEST_F(Source, looks_up_again_where_its_partitions_begin_when_kafka_did_not_say) {
  if (!kafka_->is_emulated()) GTEST_SKIP() << "a real Kafka fails nothing on demand";
  const std::string group = test::unique_name("group");
  produce(20);
  {
    Member first(*kafka_, group);
    ASSERT_TRUE(wait_for([&] { return first.got() == static_cast<std::size_t>(produced_); }));
  }
  kafka_->fail_look_ups(2);
  Member second(*kafka_, group);
  EXPECT_TRUE(wait_for([&] { return second.lags_known() == kPartitions; }))
      << "of idle partitions too";
  EXPECT_TRUE(second.begun_unknown());
  EXPECT_EQ(second.got(), 0U);
}

TEST_F(Source, knows_how_far_behind_it_is_while_it_takes_nothing) {
  constexpr std::int64_t kQueued = 10;
  Member member(*kafka_, test::unique_name("group"), {}, kQueued);
  produce(20 * kPartitions);
  ASSERT_TRUE(wait_for([&] { return member.got() == static_cast<std::size_t>(produced_); }));
  member.hold();
  const std::size_t got = member.got();
  // The first fills its queues and more, so that it does not fetch what comes then.
  produce(20 * kPartitions);
  ASSERT_TRUE(wait_for([&] { return member.ends() == produced_; }));
  produce(20 * kPartitions);
  EXPECT_TRUE(wait_for([&] { return member.ends() == produced_; }));
  EXPECT_LE(member.got(), got + 7) << "a turn may have begun";
}

TEST_F(Source, a_member_whose_name_another_one_took_is_finished) {
  const std::string group = test::unique_name("group");
  Member first(*kafka_, group, "member-1");
  ASSERT_TRUE(wait_for([&] { return first.partitions() > 0; }));
  Member second(*kafka_, group, "member-1");
  kafka_->fence_next_member();
  EXPECT_TRUE(wait_for([&] { return first.finished() || second.finished(); }));
}

TEST_F(Source, nothing_is_lost_while_members_come_and_go) {
  const std::string group = test::unique_name("group");
  const int before = produced_;
  Member first(*kafka_, group);
  produce(200);
  ASSERT_TRUE(wait_for([&] { return first.got() >= 50; }));
  auto second = std::make_unique<Member>(*kafka_, group);
  produce(200);
  ASSERT_TRUE(wait_for([&] { return first.partitions() == 2 && second->partitions() == 2; }));
  produce(200);
  std::set<std::string> seen;
  const auto collect = [&](Member& member) {
    for (const auto& value : member.values()) seen.insert(value);
  };
  ASSERT_TRUE(wait_for([&] {
    collect(first);
    collect(*second);
    return seen.size() == static_cast<std::size_t>(before + 600);
  })) << seen.size();
  second->leave();
  produce(100);
  ASSERT_TRUE(wait_for([&] {
    collect(first);
    return seen.size() == static_cast<std::size_t>(before + 700);
  })) << seen.size();
  EXPECT_TRUE(first.in_order());
  EXPECT_TRUE(second->in_order());
}

}  // namespace
}  // namespace dmp::registry
